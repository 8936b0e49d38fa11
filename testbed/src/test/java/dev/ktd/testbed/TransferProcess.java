package dev.ktd.testbed;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;

/** {@link Transfers} on the laptop, to the echo of the sample application. Close it to end it. */
final class TransferProcess implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofSeconds(60);

  /** What the order's own limit comes on top of. */
  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(30);

  private final Dialogue program;
  private final int connections;

  private TransferProcess(Dialogue program, int connections) {
    this.program = program;
    this.connections = connections;
  }

  /**
   * Opens the connections.
   *
   * @param seed of the first one's bytes; the next has the next
   * @param pause between two blocks of 16 KiB of one connection; zero: as fast as they come back
   */
  static TransferProcess start(Laptop laptop, int connections, long seed, Duration pause) {
    Dialogue program =
        Dialogue.start(
            laptop,
            List.of("-XX:+UseSerialGC", "-Xmx128m"),
            Transfers.class,
            "udp-echo",
            "7",
            Integer.toString(connections),
            Long.toString(seed),
            Long.toString(pause.toMillis()));
    var started = new TransferProcess(program, connections);
    try {
      assertThat(program.line(START_LIMIT)).isEqualTo("open");
    } catch (RuntimeException | AssertionError e) {
      started.close();
      throw e;
    }
    return started;
  }

  /** Each connection is open, and a byte that was sent from now on comes back in time. */
  Transfers.Counts assertRoundTrips(Duration limit) {
    Transfers.Counts counts = order("round", limit);
    assertThat(counts.open()).as("open of %d: %s", connections, counts).isEqualTo(connections);
    assertThat(counts.behind()).as("without an answer for %s: %s", limit, counts).isZero();
    return counts;
  }

  /** Each connection ends by RST in time. */
  void assertReset(Duration limit) {
    Transfers.Counts counts = order("ended", limit);
    assertThat(counts.reset()).as("reset: %s", counts).isEqualTo(connections);
  }

  /** Ends them: on each connection all that was sent has come back, and nothing else. */
  void assertWhole(Duration limit) {
    Transfers.Counts counts = order("finish", limit);
    assertThat(counts.whole()).as("whole: %s", counts).isEqualTo(connections);
  }

  private Transfers.Counts order(String order, Duration limit) {
    return Transfers.Counts.parse(
        program.ask(limit.plus(ANSWER_LIMIT), order + " " + limit.toMillis()));
  }

  @Override
  public void close() {
    program.close();
  }
}
