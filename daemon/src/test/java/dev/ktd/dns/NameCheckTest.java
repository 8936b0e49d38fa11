package dev.ktd.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.net.InetAddress;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NameCheckTest {
  private static final String NAME = NameCheck.clusterName("cluster.local");
  private static final InetAddress IPV4 = InetAddress.ofLiteral("10.43.0.1");
  private static final InetAddress IPV6 = InetAddress.ofLiteral("fd00:43::1");
  private static final InetAddress OTHER = InetAddress.ofLiteral("192.0.2.1");

  @Test
  void getentOutputGivesEachAddressOnce() {
    assertThat(
            NameCheck.parseGetent(
                """
                10.43.0.1       STREAM kubernetes.default.svc.cluster.local
                10.43.0.1       DGRAM
                fd00:43::1      STREAM

                getent: some warning
                """))
        .containsExactly(IPV4, IPV6);
    assertThat(NameCheck.parseGetent("")).isEmpty();
  }

  @Test
  void oneCommonAddressAndPublicNamesAsBeforeAreWell() {
    NameCheck.judge(
        new NameCheck.Observations(
            NAME,
            Set.of(IPV4, IPV6),
            Set.of(IPV4),
            Map.of("example.com", true, "gone.example", false),
            Map.of("example.com", true)));
  }

  @Test
  void clusterNameThatProgramsDoNotSeeIsTold() {
    assertFails(Set.of(IPV4), Set.of(), Map.of(), Map.of(), "programs here see no address");
    assertFails(Set.of(IPV4), Set.of(OTHER), Map.of(), Map.of(), "programs here see 192.0.2.1");
    assertFails(Set.of(), Set.of(), Map.of(), Map.of(), "own DNS server does not know");
  }

  @Test
  void publicNameThatStoppedWorkingIsTold() {
    assertFails(
        Set.of(IPV4),
        Set.of(IPV4),
        Map.of("example.com", true),
        Map.of("example.com", false),
        "example.com was found before");
  }

  private static void assertFails(
      Set<InetAddress> expected,
      Set<InetAddress> seen,
      Map<String, Boolean> before,
      Map<String, Boolean> after,
      String message) {
    assertThatThrownBy(
            () -> NameCheck.judge(new NameCheck.Observations(NAME, expected, seen, before, after)))
        .isInstanceOfSatisfying(
            KtdException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DNS))
        .hasMessageContaining(message);
  }
}
