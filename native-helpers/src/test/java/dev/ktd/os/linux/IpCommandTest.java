package dev.ktd.os.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class IpCommandTest {
  @Test
  void routesAreReadFromJson() {
    assertThat(
            IpCommand.parse(
                """
                [{"dst":"default","gateway":"10.0.2.2","dev":"eth0","flags":[]},
                 {"dst":"10.43.0.0/16","dev":"ktd0","protocol":"107","scope":"link","flags":["linkdown"]},
                 {"type":"local","dst":"198.18.0.1","dev":"ktd0","table":"local","protocol":"kernel"},
                 {"dst":"10.9.0.0/24","protocol":"bgp","metric":20,
                  "nexthops":[{"gateway":"1.2.3.4","dev":"eth1","weight":1,"flags":[]},
                              {"dev":"eth2","weight":1,"flags":[]}]},
                 {"type":"blackhole","dst":"10.8.0.0/16"}]
                """))
        .containsExactly(
            new IpCommand.Route("default", "eth0", "", "", ""),
            new IpCommand.Route("10.43.0.0/16", "ktd0", "107", "", ""),
            new IpCommand.Route("198.18.0.1", "ktd0", "kernel", "local", "local"),
            new IpCommand.Route("10.9.0.0/24", "eth1", "bgp", "", ""),
            new IpCommand.Route("10.8.0.0/16", "", "", "", "blackhole"));
  }

  @Test
  void noRoutesAreAnEmptyArrayOrNothing() {
    assertThat(IpCommand.parse("[]")).isEmpty();
    assertThat(IpCommand.parse("")).isEmpty();
  }
}
