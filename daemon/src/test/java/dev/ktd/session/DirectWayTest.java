package dev.ktd.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.carrier.Carrier;
import dev.ktd.carrier.CarrierOpener;
import dev.ktd.k8s.ProxyPod;
import dev.ktd.os.Cidr;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** When the direct way is looked for, and when lanes may take it. */
final class DirectWayTest {
  private static final InetAddress FOUR = InetAddress.ofLiteral("10.42.0.9");
  private static final InetAddress SIX = InetAddress.ofLiteral("fd42::9");
  private static final CarrierOpener PORT_FORWARD = (_, _) -> never();
  private static final CarrierOpener DIRECT = (_, _) -> never();

  private final Map<InetAddress, CompletableFuture<CarrierOpener>> probes = new LinkedHashMap<>();
  private final DirectWay direct =
      new DirectWay(
          address -> {
            CompletableFuture<CarrierOpener> probe = new CompletableFuture<>();
            probes.put(address, probe);
            return probe;
          });
  private final ProxyRoute.Ways ways = direct.beside(_ -> PORT_FORWARD);
  private final List<CarrierOpener> taken = new ArrayList<>();

  private static Carrier never() {
    throw new AssertionError("nothing is opened here");
  }

  private static ProxyPod pod(String name, InetAddress... addresses) {
    return new ProxyPod("default", name, name + "-uid", List.of(addresses), "node");
  }

  private static RoutePlan plan(String... networks) {
    return RoutePlan.compile(
        Stream.of(networks)
            .map(cidr -> new RoutePlan.Network(Cidr.parse(cidr), "pods", "test"))
            .toList(),
        List.of(),
        List.of(),
        List.of());
  }

  private CompletableFuture<CarrierOpener> probe(InetAddress address) {
    return Objects.requireNonNull(probes.get(address));
  }

  /** A lane is up. */
  private void laneIsUp() {
    var _ = direct.way().thenAccept(taken::add);
  }

  @Test
  void whatHasProvenItselfInTimeIsKeptOutOfTheTunnelAndTaken() {
    assertThat(ways.to(pod("a", FOUR))).isSameAs(PORT_FORWARD);
    laneIsUp();
    probe(FOUR).complete(DIRECT);
    laneIsUp();
    assertThat(taken).as("before routes are settled").isEmpty();
    RoutePlan settled = direct.settle(plan("10.42.0.0/24", "10.43.0.0/16"));
    assertThat(settled.covers(FOUR)).isFalse();
    assertThat(settled.covers(InetAddress.ofLiteral("10.42.0.8"))).isTrue();
    assertThat(settled.excluded()).containsExactly(Cidr.of(FOUR));
    assertThat(taken).containsExactly(DIRECT, DIRECT);
    laneIsUp();
    assertThat(taken).as("a lane that is made anew").hasSize(3);
  }

  @Test
  void whatHasNotProvenItselfYetIsGivenUp() {
    ways.to(pod("a", FOUR));
    laneIsUp();
    RoutePlan plan = plan("10.42.0.0/24");
    assertThat(direct.settle(plan)).isSameAs(plan);
    assertThat(probe(FOUR)).isCancelled();
    laneIsUp();
    assertThat(taken).isEmpty();
  }

  @Test
  void whatHasFailedIsNotTaken() {
    ways.to(pod("a", FOUR));
    probe(FOUR).completeExceptionally(new IllegalStateException("refused"));
    laneIsUp();
    RoutePlan plan = plan("10.42.0.0/24");
    assertThat(direct.settle(plan)).isSameAs(plan);
    assertThat(taken).isEmpty();
  }

  @Test
  void theFirstAddressThatAnswersIsEnough() {
    ways.to(pod("a", FOUR, SIX));
    probe(FOUR).completeExceptionally(new IllegalStateException("refused"));
    probe(SIX).complete(DIRECT);
    RoutePlan settled = direct.settle(plan("10.42.0.0/24", "fd42::/64"));
    assertThat(settled.excluded()).containsExactly(Cidr.of(SIX));
  }

  @Test
  void theOthersEndWhenOneHasAnswered() {
    ways.to(pod("a", FOUR, SIX));
    probe(FOUR).complete(DIRECT);
    assertThat(probe(SIX)).isCancelled();
  }

  @Test
  void aPodIsTriedOnceHoweverOftenItIsLookedFor() {
    ways.to(pod("a", FOUR));
    CompletableFuture<CarrierOpener> first = probe(FOUR);
    ways.to(pod("a", FOUR));
    assertThat(probe(FOUR)).isSameAs(first);
  }

  @Test
  void anotherPodThatTheTunnelCoversIsNotTried() {
    ways.to(pod("a", FOUR));
    probe(FOUR).complete(DIRECT);
    direct.settle(plan("10.42.0.0/24"));
    InetAddress next = InetAddress.ofLiteral("10.42.0.10");
    ways.to(pod("b", next));
    assertThat(probes).doesNotContainKey(next);
    laneIsUp();
    assertThat(taken).as("the way to the first pod leads to the second no more").isEmpty();
  }

  @Test
  void anotherPodThatIsOutsideIsTried() {
    ways.to(pod("a", FOUR));
    direct.settle(plan("10.43.0.0/16"));
    InetAddress next = InetAddress.ofLiteral("10.42.0.10");
    ways.to(pod("b", next));
    laneIsUp();
    probe(next).complete(DIRECT);
    assertThat(taken).containsExactly(DIRECT);
  }

  @Test
  void anotherPodEndsTheSearchForTheFirst() {
    ways.to(pod("a", FOUR));
    ways.to(pod("b", SIX));
    assertThat(probe(FOUR)).isCancelled();
    assertThat(probe(SIX)).isNotDone();
  }

  @Test
  void theEndEndsTheSearch() {
    ways.to(pod("a", FOUR));
    direct.end();
    assertThat(probe(FOUR)).isCancelled();
  }

  @Test
  void aPodWithoutAddressHasNoDirectWay() {
    ways.to(pod("a"));
    laneIsUp();
    direct.settle(plan("10.42.0.0/24"));
    assertThat(taken).isEmpty();
  }
}
