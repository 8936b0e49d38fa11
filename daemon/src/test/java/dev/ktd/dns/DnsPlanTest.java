package dev.ktd.dns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.os.HostResolver;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DnsPlanTest {
  private static final InetAddress OURS = InetAddress.ofLiteral("198.18.0.53");

  @Test
  void planHoldsBothHalves() {
    DnsPlan plan =
        DnsPlan.compile(
            new DnsPlan.Facts(
                OURS,
                "shop",
                Set.of("shop", "default", "staging"),
                List.of("shop.svc.k8s.corp", "svc.k8s.corp", "k8s.corp", "node.example"),
                List.of("db.corp.example"),
                List.of()),
            new HostResolver.Current(
                "resolv.conf",
                List.of(InetAddress.ofLiteral("9.9.9.9"), OURS),
                List.of("home.example")));
    assertThat(plan.hostServers()).containsExactly(InetAddress.ofLiteral("9.9.9.9"));
    assertThat(plan.wanted())
        .isEqualTo(
            new HostResolver.Wanted(
                OURS,
                List.of("shop.svc.k8s.corp", "svc.k8s.corp", "k8s.corp"),
                List.of("k8s.corp", "db.corp.example", "svc", "default", "staging")));
    assertThat(plan.rules().leftOut()).containsExactly("shop");
    assertThat(plan.rules().suffixes()).containsExactly("k8s.corp", "db.corp.example");
  }

  @Test
  void clusterDomainIsReadFromAPodsSearchList() {
    assertThat(DnsPlan.clusterDomain(List.of("a.svc.k8s.corp", "svc.k8s.corp", "k8s.corp")))
        .isEqualTo("k8s.corp");
    assertThat(DnsPlan.clusterDomain(List.of("svc.Cluster.Local."))).isEqualTo("cluster.local");
    assertThat(DnsPlan.clusterDomain(List.of("example.com"))).isEqualTo("cluster.local");
    assertThat(DnsPlan.clusterDomain(List.of())).isEqualTo("cluster.local");
  }
}
