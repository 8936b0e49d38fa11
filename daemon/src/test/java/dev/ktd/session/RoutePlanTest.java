package dev.ktd.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.Cidr;
import dev.ktd.os.RouteTable.Conflict;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RoutePlanTest {
  private static final RoutePlan.Network PODS = network("10.42.0.0/16", "pods");
  private static final RoutePlan.Network SERVICES = network("10.43.0.0/16", "services");

  private static RoutePlan.Network network(String cidr, String kind) {
    return new RoutePlan.Network(Cidr.parse(cidr), kind, "test");
  }

  private static List<Cidr> cidrs(String... texts) {
    return List.of(texts).stream().map(Cidr::parse).toList();
  }

  private static Conflict conflict(String cidr, String owner) {
    return new Conflict(Cidr.parse(cidr), owner);
  }

  @Test
  void networksWithoutConflictsAreRoutedWhole() {
    RoutePlan plan = RoutePlan.compile(List.of(SERVICES, PODS), List.of(), List.of(), List.of());
    assertThat(plan.routes()).isEqualTo(cidrs("10.43.0.0/16", "10.42.0.0/16"));
    assertThat(plan.warnings()).isEmpty();
  }

  @Test
  void excludedPartIsCutOut() {
    RoutePlan plan =
        RoutePlan.compile(List.of(PODS), cidrs("10.42.128.0/17"), List.of(), List.of());
    assertThat(plan.routes()).isEqualTo(cidrs("10.42.0.0/17"));
    assertThat(plan.excluded()).isEqualTo(cidrs("10.42.128.0/17"));
  }

  @Test
  void apiServerInsideARoutedNetworkStaysOutside() {
    Cidr apiServer = Cidr.parse("10.42.7.9/32");
    RoutePlan plan = RoutePlan.compile(List.of(PODS), List.of(), List.of(apiServer), List.of());
    assertThat(plan.routes()).hasSize(16).noneMatch(route -> route.overlaps(apiServer));
    InetAddress neighbour = InetAddress.ofLiteral("10.42.7.8");
    assertThat(plan.routes()).anyMatch(route -> route.contains(neighbour));
  }

  @Test
  void anExcludedNetworkAroundLeavesNothing() {
    RoutePlan plan = RoutePlan.compile(List.of(PODS), cidrs("10.0.0.0/8"), List.of(), List.of());
    assertThat(plan.routes()).isEmpty();
  }

  @Test
  void anAddressIsKeptOutOfAPlanThatIsMade() {
    InetAddress pod = InetAddress.ofLiteral("10.42.7.9");
    RoutePlan plan = RoutePlan.compile(List.of(SERVICES, PODS), List.of(), List.of(), List.of());
    assertThat(plan.covers(pod)).isTrue();
    RoutePlan kept = plan.keepingOut(pod);
    assertThat(kept.covers(pod)).isFalse();
    assertThat(kept.covers(InetAddress.ofLiteral("10.42.7.8"))).isTrue();
    assertThat(kept.routes()).hasSize(17).contains(Cidr.parse("10.43.0.0/16"));
    assertThat(kept.excluded()).isEqualTo(cidrs("10.42.7.9/32"));
    assertThat(kept.networks()).isEqualTo(plan.networks());
  }

  @Test
  void anAddressThatIsOutsideAnywayChangesNoPlan() {
    RoutePlan plan =
        RoutePlan.compile(List.of(SERVICES, PODS), cidrs("10.42.0.0/16"), List.of(), List.of());
    assertThat(plan.keepingOut(InetAddress.ofLiteral("10.42.7.9"))).isSameAs(plan);
  }

  @Test
  void ipv6IsCutLikeIpv4() {
    RoutePlan plan =
        RoutePlan.compile(
            List.of(network("fd42::/48", "pods")), cidrs("fd42::1/128"), List.of(), List.of());
    assertThat(plan.routes()).hasSize(80);
  }

  @Test
  void aRouteInsideStaysWithItsOwnerAndIsTold() {
    RoutePlan plan =
        RoutePlan.compile(
            List.of(PODS), List.of(), List.of(), List.of(conflict("10.42.8.0/21", "tun0")));
    assertThat(plan.routes()).noneMatch(route -> route.overlaps(Cidr.parse("10.42.8.0/21")));
    assertThat(plan.warnings())
        .as("after the one that there are no services")
        .hasSize(2)
        .last()
        .isEqualTo("10.42.8.0/21 stays with tun0, which routes it; pods in it are not reachable");
  }

  @Test
  void aRouteAroundIsTakenOverInPartAndTold() {
    RoutePlan plan =
        RoutePlan.compile(
            List.of(PODS), List.of(), List.of(), List.of(conflict("10.0.0.0/8", "wg0")));
    assertThat(plan.routes()).isEqualTo(cidrs("10.42.0.0/16"));
    assertThat(plan.warnings())
        .as("after the one that there are no services")
        .hasSize(2)
        .last()
        .isEqualTo(
            "10.42.0.0/16 (pods) lies within 10.0.0.0/8, which wg0 routes; while connected it goes"
                + " to the cluster");
  }

  @Test
  void theSameRouteOfAnotherIsAConflict() {
    assertThatExceptionOfType(KtdException.class)
        .isThrownBy(
            () ->
                RoutePlan.compile(
                    List.of(PODS), List.of(), List.of(), List.of(conflict("10.42.0.0/16", "tun0"))))
        .withMessage("the network 10.42.0.0/16 (pods) is already routed by tun0")
        .satisfies(
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.CONFLICT);
              assertThat(e.hint()).contains("ktd up --exclude 10.42.0.0/16");
            });
  }

  @Test
  void anExcludedConflictIsNotOneAnyMore() {
    RoutePlan plan =
        RoutePlan.compile(
            List.of(PODS, SERVICES),
            cidrs("10.42.0.0/16"),
            List.of(),
            List.of(conflict("10.42.0.0/16", "tun0")));
    assertThat(plan.routes()).isEqualTo(cidrs("10.43.0.0/16"));
    assertThat(plan.warnings()).isEmpty();
  }

  @Test
  void aKindOfNetworkThatWasNotFoundIsTold() {
    assertThat(RoutePlan.compile(List.of(PODS), List.of(), List.of(), List.of()).warnings())
        .singleElement()
        .asString()
        .contains("no network of services", "--cidr");
    RoutePlan.Network named = new RoutePlan.Network(SERVICES.cidr(), "extra", "--cidr");
    assertThat(RoutePlan.compile(List.of(named), List.of(), List.of(), List.of()).warnings())
        .as("who names one knows what there is")
        .isEmpty();
  }

  @Test
  void noNetworkAtAllIsAFailure() {
    assertThatExceptionOfType(KtdException.class)
        .isThrownBy(() -> RoutePlan.compile(List.of(), List.of(), List.of(), List.of()))
        .satisfies(
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.FORBIDDEN);
              assertThat(e.hint()).contains("--cidr");
            });
  }
}
