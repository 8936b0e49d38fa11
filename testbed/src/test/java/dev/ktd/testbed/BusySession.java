package dev.ktd.testbed;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A session of ktd with programs that talk through it while its way to the cluster is cut: checked
 * transfers, and a redis-cli that says nothing until it is asked. Close it to disconnect; then
 * nothing may be left on the laptop and in the cluster.
 */
final class BusySession implements AutoCloseable {
  /** For what takes seconds, on a machine that does other things as well. */
  static final Duration LIMIT = Duration.ofSeconds(60);

  /** A name of the cluster gets an answer within that, and be it that there is none. */
  private static final Duration FAST = Duration.ofMillis(2500);

  private static final int CONNECTIONS = 8;

  private static final Duration PAUSE = Duration.ofMillis(10);

  private final TestCluster cluster;
  private final Laptop laptop;
  private final Ktd ktd;
  private final HostState before;
  private @Nullable TransferProcess transfers;
  private @Nullable Dialogue redis;
  private String redisConnection = "";
  private long redisCount;

  private BusySession(TestCluster cluster) {
    this.cluster = cluster;
    this.laptop = cluster.laptop();
    this.ktd = new Ktd(cluster);
    ktd.down();
    ktd.run("recover").expectSuccess();
    this.before = HostState.of(laptop);
  }

  /** Connects, with these flags, and starts the programs. */
  static BusySession up(TestCluster cluster, String... flags) {
    return up(cluster, CONNECTIONS, 1, PAUSE, flags);
  }

  /** The same with other transfers; see {@link TransferProcess#start}. */
  static BusySession up(
      TestCluster cluster, int connections, long seed, Duration pause, String... flags) {
    var session = new BusySession(cluster);
    try {
      session.ktd.up(flags).expectSuccess();
      session.startPrograms(connections, seed, pause);
      return session;
    } catch (Throwable failure) {
      try {
        session.close();
      } catch (Throwable second) {
        failure.addSuppressed(second);
      }
      throw failure;
    }
  }

  private void startPrograms(int connections, long seed, Duration pause) {
    transfers = TransferProcess.start(laptop, connections, seed, pause);
    redis = Dialogue.start(laptop, "redis-cli", "-h", "redis");
    redisConnection = redis("CLIENT ID");
    redisCount = Long.parseLong(redis("INCR outages"));
    transfers.assertRoundTrips(LIMIT);
  }

  TransferProcess transfers() {
    return Objects.requireNonNull(transfers);
  }

  private String redis(String command) {
    return Objects.requireNonNull(redis).ask(LIMIT, command);
  }

  /**
   * Does what it says, and returns when all connections, which are the ones from the start, carry
   * bytes again. Prints how long that took.
   */
  void goesOnAfter(String what, Runnable action) {
    long began = System.nanoTime();
    action.run();
    transfers().assertRoundTrips(LIMIT);
    System.out.printf(
        "open connections go on after %s: %d ms%n", what, (System.nanoTime() - began) / 1_000_000);
    redisCount++;
    assertThat(redis("INCR outages")).isEqualTo(Long.toString(redisCount)); // once, not twice
    assertThat(redis("CLIENT ID"))
        .as("redis-cli connects again unasked")
        .isEqualTo(redisConnection);
  }

  /** Ends the programs: not a byte was lost or doubled, and the tunnel was never down. */
  void endsWell() {
    transfers().assertWhole(LIMIT);
    Objects.requireNonNull(redis).close();
    JsonNode status = ktd.status();
    assertThat(status.get("state").asString()).as("%s", status).isEqualTo("CONNECTED");
    assertThat(reopened()).as("%s", status).isZero();
    ktd.awaitNoFlows();
  }

  /** How often streams have gone on over another plain carrier. */
  long resumed() {
    return ofCarriers("resumed").sum();
  }

  /** How often a tunnel that was up came to its end, with all that it carried. */
  long reopened() {
    return ofCarriers("reopened").sum();
  }

  private LongStream ofCarriers(String key) {
    return ktd.status().get("carriers").valueStream().mapToLong(each -> each.get(key).asLong());
  }

  void awaitResumed(long times) {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (resumed() < times && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertThat(resumed()).isGreaterThanOrEqualTo(times);
  }

  /** The daemon's process id. */
  String daemon() {
    return ktd.daemons().getFirst().toString();
  }

  void awaitState(String state) {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    JsonNode status = ktd.status();
    while (!status.get("state").asString().equals(state) && System.nanoTime() < deadline) {
      status = ktd.status();
    }
    assertThat(status.get("state").asString()).as("%s", status).isEqualTo(state);
  }

  /** While the cluster is away its names fail soon, and all others work as ever. */
  void assertNamesOfALaptopAlone() {
    if (cluster.provider().equals("node")) {
      for (String name : List.of("printer.lan.test", "www.example.test")) {
        Result other = laptop.run("getent", "ahosts", name).expectSuccess();
        assertThat(other.elapsed()).as("%s", other).isLessThan(Duration.ofSeconds(1));
      }
      // One of the cluster as well, as long as nobody has said that it is not.
      Result either = laptop.run("getent", "ahosts", "printer").expectSuccess();
      assertThat(either.elapsed()).as("%s", either).isLessThan(FAST);
    }
    String name = "api.shop.svc.cluster.local";
    Result dig = laptop.run("dig", "+time=10", "+tries=1", name);
    assertThat(dig.output()).contains("status: SERVFAIL");
    assertThat(dig.elapsed()).as("%s", dig).isLessThan(FAST);
    Result libc = laptop.run("getent", "ahosts", name);
    assertThat(libc.succeeded()).as("%s", libc).isFalse();
    assertThat(libc.elapsed()).as("%s", libc).isLessThan(FAST);
  }

  @Override
  public void close() {
    try (Dialogue _ = redis;
        TransferProcess _ = transfers) {
      ktd.down();
    }
    before.assertUnchanged(ktd, laptop);
    HostState.assertNothingInCluster(cluster, Duration.ofSeconds(30));
  }
}
