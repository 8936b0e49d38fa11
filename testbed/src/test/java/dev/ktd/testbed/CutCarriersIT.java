package dev.ktd.testbed;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Open connections outlive every way in which the connections to the API server can be cut. */
@ClusterTest
final class CutCarriersIT {
  /** What happens to the connections that there are; new ones work. */
  private enum Cut {
    RESET,
    END,
    SILENCE;

    void of(WireProcess wire) {
      switch (this) {
        case RESET -> wire.reset();
        case END -> wire.end();
        case SILENCE -> wire.silence();
      }
    }
  }

  private final TestCluster cluster;
  private final Laptop laptop;
  private final WireProcess wire;

  @TempDir Path folder = Path.of("/");

  private String kubeconfig = "";

  CutCarriersIT(TestCluster cluster) {
    this.cluster = cluster;
    this.laptop = cluster.laptop();
    this.wire = WireProcess.start(laptop, WireProcess.server(cluster.kubeconfig()));
  }

  @BeforeAll
  static void deploy(TestCluster cluster) {
    cluster.deployApplication();
  }

  @BeforeEach
  void leadOverTheWire() {
    kubeconfig = wire.kubeconfig(cluster, folder.resolve("kubeconfig")).toString();
  }

  @AfterEach
  void endTheWire() {
    wire.close();
  }

  @Test
  void openConnectionsOutliveEachCut() {
    try (var session = BusySession.up(cluster, "--kubeconfig", kubeconfig)) {
      for (Cut cut : Cut.values()) {
        long before = session.resumed();
        for (int time = 1; time <= 3; time++) {
          session.goesOnAfter(cut + " " + time, () -> cut.of(wire));
        }
        assertThat(session.resumed() - before).as("%s", cut).isGreaterThanOrEqualTo(3);
      }
      session.endsWell();
    }
  }

  @Test
  void openConnectionsWaitWhileTheServerIsAway() {
    try (var session = BusySession.up(cluster, "--kubeconfig", kubeconfig)) {
      wire.refuse();
      wire.reset();
      session.awaitState("RECONNECTING");
      session.assertNamesOfALaptopAlone();
      session.goesOnAfter("refusals", wire::normal);
      session.awaitState("CONNECTED");

      wire.silenceAll();
      session.awaitState("RECONNECTING");
      session.assertNamesOfALaptopAlone();
      session.goesOnAfter("silence of everything", wire::normal);
      session.endsWell();
    }
  }

  /** Beyond the limit nobody is left in the dark: RST, and what is new works. */
  @Test
  void openConnectionsAreResetBeyondTheLimit() {
    try (var session = BusySession.up(cluster, "--kubeconfig", kubeconfig, "--resume", "10s")) {
      long began = System.nanoTime();
      wire.silenceAll();
      session.transfers().assertReset(BusySession.LIMIT);
      System.out.printf(
          "open connections are reset after %d ms of silence%n",
          Duration.ofNanos(System.nanoTime() - began).toMillis());
      session.awaitState("RECONNECTING");
      wire.normal();
      long back = System.nanoTime();
      laptop
          .run("curl", "-sS", "--max-time", "50", "http://" + cluster.clusterIp("web"))
          .expectSuccess();
      System.out.printf(
          "a new connection works %d ms after the end of silence%n",
          Duration.ofNanos(System.nanoTime() - back).toMillis());
      session.awaitState("CONNECTED");
      laptop.run("curl", "-sS", "--max-time", "10", "http://web").expectSuccess();
    }
  }

  @Test
  void fiftyCutsUnderThirtyTwoTransfers() {
    long seed = Long.getLong("ktd.seed", System.nanoTime());
    System.out.println("CutCarriersIT: -Dktd.seed=" + seed);
    var random = new SplittableRandom(seed);
    try (var session =
        BusySession.up(cluster, 32, seed, Duration.ZERO, "--kubeconfig", kubeconfig)) {
      long began = System.nanoTime();
      for (int time = 0; time < 50; time++) {
        // As many short distances as long ones: some cuts meet the reconnection itself.
        awaitMoved(1L << random.nextInt(10, 24));
        Cut cut = random.nextInt(8) == 0 ? Cut.SILENCE : random.nextBoolean() ? Cut.END : Cut.RESET;
        cut.of(wire);
      }
      Transfers.Counts counts = session.transfers().assertRoundTrips(BusySession.LIMIT);
      System.out.printf(
          "50 cuts in %d ms, %d times resumed, %d MB compared%n",
          Duration.ofNanos(System.nanoTime() - began).toMillis(),
          session.resumed(),
          counts.bytes() / 1_000_000);
      // Two carriers; a cut may meet one that is being opened, which is no resumption.
      assertThat(session.resumed()).isGreaterThanOrEqualTo(25);
      session.endsWell();
    }
  }

  /**
   * Returns when so many more bytes have gone over the wire: a moment that no clock has to tell.
   */
  private void awaitMoved(long bytes) {
    long target = moved() + bytes;
    long deadline = System.nanoTime() + BusySession.LIMIT.toNanos();
    while (moved() < target) {
      assertThat(System.nanoTime()).as("nothing moves any more").isLessThan(deadline);
      LockSupport.parkNanos(100_000);
    }
  }

  private long moved() {
    WireRelay.Counts counts = wire.counts();
    return counts.bytesUp() + counts.bytesDown();
  }
}
