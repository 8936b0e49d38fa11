package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/**
 * What loss and disorder cost, in simulated time: the same in every run on every machine, so a loss
 * recovery that became worse, or better, shows as a difference to the golden text. {@code
 * -Dgolden.update=true} rewrites it.
 */
final class ThroughputTableTest {
  private static final Path GOLDEN = Path.of("src/test/resources/sim/throughput.txt");
  private static final int BYTES = 2 << 20;
  private static final int RUNS = 3;
  private static final long MILLISECOND = 1_000_000;
  private static final double[] LOSSES = {0, 0.001, 0.01, 0.05};
  private static final double[] LATE = {0, 0.01};
  private static final long[] ROUND_TRIPS = {MILLISECOND / 10, MILLISECOND, 10 * MILLISECOND};

  @Test
  void lossAndDisorderCostWhatTheGoldenTextSays() throws IOException {
    List<String> actual = table();
    if (Boolean.getBoolean("golden.update")) {
      Files.write(GOLDEN, actual);
    }
    assertThat(actual).isEqualTo(Files.readAllLines(GOLDEN));
  }

  private static List<String> table() {
    List<String> lines = new ArrayList<>();
    lines.add("# Mbit/s of one connection over a path of 1 Gbit/s, in simulated time: 2 MiB, MTU");
    lines.add("# 1500, no offload, three seeds, handshake included. late: frames that come up to");
    lines.add("# 1 ms later than they should. The peer has no congestion window, either; it does");
    lines.add("# SACK, or fast retransmit only (plain).");
    lines.add("                        to the program      from the program");
    lines.add("loss %  RTT ms  late %   SACK  plain          SACK  plain");
    for (double loss : LOSSES) {
      for (long roundTrip : ROUND_TRIPS) {
        for (double late : LATE) {
          lines.add(row(loss, roundTrip, late));
        }
      }
    }
    return lines;
  }

  private static String row(double loss, long roundTrip, double late) {
    var path =
        new SimLink.Model(loss, 0, late, 0, roundTrip / 2, MILLISECOND, 1_000_000_000, false);
    return String.format(
        Locale.ROOT,
        "%6.1f  %6.1f  %6.0f  %5.0f  %5.0f         %5.0f  %5.0f",
        100 * loss,
        (double) roundTrip / MILLISECOND,
        100 * late,
        megabits(path, TinyPeer.Kind.SACK, false),
        megabits(path, TinyPeer.Kind.PLAIN, false),
        megabits(path, TinyPeer.Kind.SACK, true),
        megabits(path, TinyPeer.Kind.PLAIN, true));
  }

  private static double megabits(SimLink.Model path, TinyPeer.Kind peer, boolean up) {
    long nanoseconds = 0;
    for (int seed = 1; seed <= RUNS; seed++) {
      var run =
          new Simulation(
              new Simulation.Setup(
                  seed,
                  false,
                  false,
                  peer,
                  path,
                  path,
                  up ? BYTES : 0,
                  up ? 0 : BYTES,
                  16_000,
                  9 << 18,
                  false));
      run.run();
      nanoseconds += run.duration();
    }
    return BYTES * 8.0 * RUNS * 1000 / nanoseconds;
  }
}
