package dev.ktd.testbed;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/**
 * The way to the pod without the API server, where the laptop's own network leads to pods: the
 * embedded node forwards to them, as soon as the laptop has a route.
 */
@ClusterTest
final class DirectIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String AROUND = "10.42.0.0/16";
  private static final String PODS = "10.42.0.0/24";

  private final TestCluster cluster;
  private final Laptop laptop;
  private final Ktd ktd;
  private HostState before = new HostState("", "");

  DirectIT(TestCluster cluster) {
    this.cluster = cluster;
    this.laptop = cluster.laptop();
    this.ktd = new Ktd(cluster);
  }

  @BeforeEach
  void startDisconnected() {
    Assumptions.assumeTrue(cluster.provider().equals("node"), "routes are the embedded node's");
    cluster.deployApplication();
    ktd.down();
    removeRoutes();
    before = HostState.of(laptop);
  }

  @AfterEach
  void nothingIsLeft() {
    ktd.down();
    removeRoutes();
    before.assertUnchanged(ktd, laptop);
    HostState.assertNothingInCluster(cluster, Duration.ofSeconds(30));
  }

  private void removeRoutes() {
    laptop.run("ip", "route", "del", AROUND);
    laptop.run("ip", "route", "del", PODS);
  }

  private void route(String network, String gateway) {
    laptop.run("ip", "route", "add", network, "via", gateway).expectSuccess();
  }

  private List<String> paths() {
    JsonNode carriers = ktd.status().get("carriers");
    return carriers.valueStream().map(carrier -> carrier.get("path").asString()).toList();
  }

  private void untilCarriedBy(String path) {
    until(() -> paths().equals(List.of(path, path)), "carriers by " + path);
  }

  private static void until(BooleanSupplier condition, String what) {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(deadline);
    }
  }

  private String proxyIp() {
    return ofProxy(".status.podIP");
  }

  /**
   * A field of the newest proxy pod that runs, or nothing; others may be left of what was killed.
   */
  private String ofProxy(String field) {
    return cluster
        .kubectl(
            "get",
            "pods",
            "-l",
            "app.kubernetes.io/name=ktd",
            "--field-selector=status.phase=Running",
            "--sort-by=.metadata.creationTimestamp",
            "-o",
            "jsonpath={range .items[*]}{" + field + "}{'\\n'}{end}")
        .expectSuccess()
        .output()
        .lines()
        .reduce("", (_, newer) -> newer);
  }

  private List<String> excluded() {
    return ktd.status().get("excluded").valueStream().map(JsonNode::asString).toList();
  }

  /** TCP connections of the laptop to the agent's port in the pod, a line each. */
  private List<String> connectionsTo(String pod) {
    return laptop
        .run("ss", "-Htn", "state", "established", "dst", pod, "dport", "=", "2222")
        .expectSuccess()
        .output()
        .lines()
        .toList();
  }

  private void assertServed() {
    assertThat(laptop.run("curl", "-sS", "--max-time", "10", "http://web").expectSuccess().text())
        .startsWith("web web-");
  }

  @Test
  void carriersMoveToThePodAndBackAndNoByteIsLost() {
    route(AROUND, "10.99.0.1");
    ktd.up().expectSuccess();
    untilCarriedBy("direct");
    String pod = proxyIp();
    assertThat(excluded()).contains(pod + "/32");
    assertThat(connectionsTo(pod)).hasSize(2);
    assertThat(laptop.run("ip", "route", "get", pod).expectSuccess().output()).contains("eth0");
    try (Running echo = ktd.startProbe("echo", "udp-echo", "7", "400000000")) {
      until(() -> bytesUp() > 20_000_000, "bytes on their way");
      laptop.run("ip", "route", "del", AROUND).expectSuccess();
      untilCarriedBy("port-forward");
      assertThat(echo.isAlive()).as("the echo was still under way").isTrue();
      assertThat(echo.await(Ktd.PROBE_LIMIT).expectSuccess().text())
          .startsWith("400000000 bytes equal");
    }
    assertThat(ktd.status().get("state").asString()).isEqualTo("CONNECTED");
    assertServed();
  }

  private long bytesUp() {
    JsonNode carriers = ktd.status().get("carriers");
    return carriers.valueStream().mapToLong(carrier -> carrier.get("bytesUp").asLong()).sum();
  }

  @Test
  void podsOutsideTheTunnelAreCarriedToDirectlyAndSoIsTheNextPod() {
    route(PODS, "10.99.0.1");
    ktd.up("--exclude", PODS).expectSuccess();
    untilCarriedBy("direct");
    String first = proxyIp();
    assertThat(excluded()).contains(PODS).doesNotContain(first + "/32");
    assertServed();
    cluster.kubectl("delete", "pod", ofProxy(".metadata.name")).expectSuccess();
    until(() -> !proxyIp().isEmpty() && !proxyIp().equals(first), "another pod");
    untilCarriedBy("direct");
    until(() -> connectionsTo(proxyIp()).size() == 2, "connections to the other pod");
    assertServed();
  }

  /** Nobody, or a gateway that does not exist: packets vanish. */
  @ParameterizedTest
  @ValueSource(strings = {"", "10.99.0.77"})
  void whereNobodyAnswersAllStaysWithPortForward(String gateway) {
    if (!gateway.isEmpty()) {
      route(AROUND, gateway);
    }
    ktd.up().expectSuccess();
    assertThat(paths()).containsExactly("port-forward", "port-forward");
    String pod = proxyIp();
    assertThat(excluded()).doesNotContain(pod + "/32");
    assertThat(laptop.run("ip", "route", "get", pod).expectSuccess().output()).contains("ktd0");
    assertServed();
    assertThat(connectionsTo(pod)).as("not through the tunnel either").isEmpty();
  }
}
