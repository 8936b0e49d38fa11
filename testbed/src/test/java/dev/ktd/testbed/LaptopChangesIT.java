package dev.ktd.testbed;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Open connections outlive what becomes of a laptop: another network, no network, sleep. */
@ClusterTest
final class LaptopChangesIT {
  /** Without traffic nobody would ask a carrier for a sign of life for longer than that. */
  private static final Duration UNASKED = Duration.ofSeconds(10);

  /** The laptop's address in testbed/node, and another one of the same network. */
  private static final String OWN = "10.99.0.2";

  private static final String OTHER = "10.99.0.3";

  private final TestCluster cluster;
  private final Laptop laptop;

  @TempDir Path folder = Path.of("/");

  LaptopChangesIT(TestCluster cluster) {
    this.cluster = cluster;
    this.laptop = cluster.laptop();
  }

  @BeforeAll
  static void deploy(TestCluster cluster) {
    Assumptions.assumeTrue(
        cluster.provider().equals("node"), "only the embedded node has a laptop to be changed");
    cluster.deployApplication();
  }

  private void moveTo(String address) {
    laptop
        .shell("ip -4 addr flush dev eth0 && ip addr add \"$1\"/24 dev eth0", address)
        .expectSuccess();
  }

  @Test
  void openConnectionsOutliveAnotherAddress() {
    try (var session = BusySession.up(cluster)) {
      session.goesOnAfter("a change of the address", () -> moveTo(OTHER));
      assertThat(session.resumed()).isGreaterThanOrEqualTo(2); // both carriers
      session.goesOnAfter("the way back", () -> moveTo(OWN));
      session.endsWell();
    } finally {
      moveTo(OWN);
    }
  }

  /** Nobody sends anything: only the change itself can show that the carriers are dead. */
  @Test
  void anotherAddressIsNoticedWithoutTraffic() {
    try (var session = BusySession.up(cluster, 0, 1, Duration.ZERO)) {
      long before = session.resumed();
      long began = System.nanoTime();
      moveTo(OTHER);
      session.awaitResumed(before + 2);
      Duration passed = Duration.ofNanos(System.nanoTime() - began);
      System.out.printf(
          "idle carriers go on %d ms after a change of the address%n", passed.toMillis());
      assertThat(passed).isLessThan(UNASKED);
      session.goesOnAfter("the way back", () -> moveTo(OWN));
      session.endsWell();
    } finally {
      moveTo(OWN);
    }
  }

  @Test
  void openConnectionsWaitWhileTheLinkIsDown() {
    try (var session = BusySession.up(cluster)) {
      laptop.run("ip", "link", "set", "eth0", "down").expectSuccess();
      session.awaitState("RECONNECTING");
      session.goesOnAfter("the link's return", this::linkUp);
      session.endsWell();
    } finally {
      linkUp();
    }
  }

  /** The kernel forgets IPv6 addresses with a link. */
  private void linkUp() {
    laptop
        .shell("ip link set eth0 up && ip addr replace fd99::2/64 dev eth0 nodad")
        .expectSuccess();
  }

  @Test
  void openConnectionsOutliveSleep() throws InterruptedException {
    try (var wire = WireProcess.start(laptop, WireProcess.server(cluster.kubeconfig()));
        var session =
            BusySession.up(
                cluster,
                "--kubeconfig",
                wire.kubeconfig(cluster, folder.resolve("kubeconfig")).toString())) {
      String daemon = session.daemon();
      laptop.run("kill", "-STOP", daemon).expectSuccess();
      try {
        wire.silence(); // who is in between forgets the connections
        TimeUnit.SECONDS.sleep(10); // this is the sleep
      } finally {
        laptop.run("kill", "-CONT", daemon).expectSuccess();
      }
      session.goesOnAfter("10 s of sleep", () -> {});
      session.endsWell();
    }
  }
}
