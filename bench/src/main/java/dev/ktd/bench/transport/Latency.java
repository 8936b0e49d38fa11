package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Report;
import dev.ktd.testbed.Running;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** One byte there and back, alone and while another connection moves all it can. */
final class Latency {
  static final String ALONE = "round trip alone";
  static final String BESIDE_DOWN = "round trip beside a download";
  static final String BESIDE_UP = "round trip beside an upload";

  private static final int LOAD_STARTS_MILLIS = 1_000;

  private final Bed bed;

  Latency(Bed bed) {
    this.bed = bed;
  }

  void run(Standing standing) {
    Report.line("latency");
    for (int round = 0; round < bed.options.rounds(); round++) {
      int now = round;
      standing.inTurn(now, (name, candidate) -> take(now, ALONE, name, candidate));
      standing.inTurn(now, (name, candidate) -> beside(now, name, candidate, true));
      standing.inTurn(now, (name, candidate) -> beside(now, name, candidate, false));
    }
  }

  /** Only alone, over a long way. */
  void alone(Standing standing, int roundTripMillis) {
    String row = Row.delayed(ALONE, roundTripMillis);
    for (int round = 0; round < bed.options.rounds(); round++) {
      int now = round;
      standing.inTurn(now, (name, candidate) -> take(now, row, name, candidate));
    }
  }

  private int millis() {
    return bed.options.quick() ? 500 : 2_000;
  }

  private void beside(int round, String name, Candidate candidate, boolean down) throws Exception {
    int millis = millis() + 2 * LOAD_STARTS_MILLIS;
    var load = new IperfRun(1, down, 0, millis + 1_000);
    IperfServer.free(bed); // it may be busy with a load that was ended before its time
    try (Running running = load.start(bed, candidate.to(Target.IPERF))) {
      TimeUnit.MILLISECONDS.sleep(LOAD_STARTS_MILLIS);
      take(round, down ? BESIDE_DOWN : BESIDE_UP, name, candidate);
      if (!running.isAlive()) {
        throw new IOException("the load had ended: " + running.output());
      }
    }
  }

  private void take(int round, String row, String name, Candidate candidate) throws Exception {
    var p50 = new Row(bed, row + ", p50", "us", round);
    var p99 = new Row(bed, row + ", p99", "us", round);
    p50.take(
        name,
        candidate,
        () -> {
          long[] nanos =
              bed.client.ask("pingpong %s 200 %d".formatted(candidate.to(Target.ECHO), millis()));
          Map<String, Object> details =
              Map.of("p99", nanos[2] / 1000, "max", nanos[3] / 1000, "count", nanos[4]);
          p99.add(name, nanos[2] / 1e3, Map.of(), "");
          return new Row.Taken(nanos[0] / 1e3, 0, details);
        });
  }
}
