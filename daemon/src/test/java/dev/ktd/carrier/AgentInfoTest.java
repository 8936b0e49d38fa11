package dev.ktd.carrier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class AgentInfoTest {
  private static String line(String nameservers) {
    return "{\"version\":1,\"nameservers\":%s,\"search\":[\"svc.cluster.local\"],\"limitSeconds\":900}"
        .formatted(nameservers);
  }

  @Test
  void everythingIsRead() {
    assertThat(AgentInfo.parse(line("[\"10.43.0.10\",\"fd43::a\"]")))
        .isEqualTo(
            new AgentInfo(
                1,
                List.of(InetAddress.ofLiteral("10.43.0.10"), InetAddress.ofLiteral("fd43::a")),
                List.of("svc.cluster.local"),
                900));
  }

  @ParameterizedTest
  @ValueSource(strings = {"fe80::1%eth0", "fe80::1%1", "dns.corp", "10.43.0.300", ""})
  void nameServerThatCannotBeAskedFromHereIsLeftOut(String entry) {
    String both = "[\"%s\",\"10.43.0.10\"]".formatted(entry);
    assertThat(AgentInfo.parse(line(both)).nameservers())
        .containsExactly(InetAddress.ofLiteral("10.43.0.10"));
  }

  @Test
  void noneIsNoError() {
    assertThat(AgentInfo.parse(line("null")).nameservers()).isEmpty();
  }

  @Test
  void anotherVersionIsRefused() {
    assertThatThrownBy(() -> AgentInfo.parse(line("[]").replace("\"version\":1", "\"version\":2")))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
