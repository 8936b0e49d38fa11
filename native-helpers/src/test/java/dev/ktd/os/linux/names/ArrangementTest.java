package dev.ktd.os.linux.names;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ArrangementTest {
  private static final InetAddress STUB = InetAddress.ofLiteral("127.0.0.53");
  private static final InetAddress LAN = InetAddress.ofLiteral("192.0.2.1");
  private static final InetAddress UPLINK = InetAddress.ofLiteral("192.0.2.2");

  /** A host, and what it needs. */
  private record Case(String host, NameFacts facts, String mode, List<InetAddress> servers) {
    @Override
    public String toString() {
      return host + " -> " + mode;
    }
  }

  private static NameFacts facts(
      @Nullable String link,
      @Nullable String author,
      InetAddress server,
      boolean resolved,
      boolean resolvconf) {
    return new NameFacts(
        link,
        author,
        List.of(server),
        List.of("lan.test"),
        resolved ? List.of(UPLINK) : List.of(),
        resolved,
        false,
        resolvconf);
  }

  static Stream<Case> hosts() {
    String stub = "../run/systemd/resolve/stub-resolv.conf";
    String debian = "/etc/resolvconf/run/resolv.conf";
    return Stream.of(
        new Case("a plain file", facts(null, null, LAN, false, false), "resolv.conf", List.of(LAN)),
        new Case(
            "NetworkManager's file",
            facts("/run/NetworkManager/resolv.conf", "NetworkManager", LAN, false, false),
            "resolv.conf",
            List.of(LAN)),
        new Case(
            "systemd-resolved's stub",
            facts(stub, "systemd-resolved", STUB, true, false),
            "systemd-resolved",
            List.of(UPLINK)),
        new Case(
            "the stub in a file of its own",
            facts(null, null, STUB, true, false),
            "systemd-resolved",
            List.of(UPLINK)),
        new Case(
            "a stub that nobody serves",
            facts(stub, "systemd-resolved", STUB, false, false),
            "resolv.conf",
            List.of(STUB)),
        new Case(
            "systemd-resolved beside the file",
            facts("/run/systemd/resolve/resolv.conf", "systemd-resolved", LAN, true, false),
            "systemd-resolved and resolv.conf",
            List.of(LAN)),
        new Case(
            "Debian's resolvconf",
            facts(debian, "resolvconf", LAN, false, true),
            "resolvconf",
            List.of(LAN)),
        new Case(
            "openresolv", facts(null, "resolvconf", LAN, false, true), "resolvconf", List.of(LAN)),
        new Case(
            "resolvconf that does not write the file",
            facts(null, null, LAN, false, true),
            "resolv.conf",
            List.of(LAN)),
        new Case(
            "resolvconf's file without resolvconf",
            facts(null, "resolvconf", LAN, false, false),
            "resolv.conf",
            List.of(LAN)));
  }

  @ParameterizedTest
  @MethodSource("hosts")
  void eachHostHasItsArrangement(Case host) {
    Arrangement arrangement = Arrangement.of(host.facts());
    assertThat(arrangement.mode()).isEqualTo(host.mode());
    assertThat(arrangement.servers(host.facts())).isEqualTo(host.servers());
  }
}
