package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Report;
import java.io.IOException;
import java.util.Map;

/** Small requests, over new connections and over kept ones. */
final class Http {
  static final String NEW = "connect and GET";
  static final String RATE = "new connections, 16 threads";
  static final String KEPT = "GETs over kept connections, 16 threads";

  private static final int THREADS = 16;
  private static final int DELAYED = 10;

  private final Bed bed;

  Http(Bed bed) {
    this.bed = bed;
  }

  void run(Standing standing) {
    Report.line("small requests");
    for (int round = 0; round < bed.options.rounds(); round++) {
      int now = round;
      int count = bed.options.quick() ? 20 : 80;
      standing.inTurn(now, (name, candidate) -> oneByOne(now, name, candidate, count, 0));
      standing.inTurn(now, (name, candidate) -> rate(now, RATE, "rate", name, candidate));
      standing.inTurn(now, (name, candidate) -> rate(now, KEPT, "keepalive", name, candidate));
    }
  }

  /** Only the first of the three, over a long way, where each takes its time. */
  void oneByOne(Standing standing, int roundTripMillis) {
    for (int round = 0; round < bed.options.rounds(); round++) {
      int now = round;
      standing.inTurn(
          now, (name, candidate) -> oneByOne(now, name, candidate, DELAYED, roundTripMillis));
    }
  }

  private void oneByOne(int round, String name, Candidate candidate, int count, int roundTrip)
      throws Exception {
    String row = Row.delayed(NEW, roundTrip);
    var median = new Row(bed, row + ", p50", "ms", round);
    var p99 = new Row(bed, row + ", p99", "ms", round);
    median.take(
        name,
        candidate,
        () -> {
          long[] nanos =
              bed.client.ask("get %s %d %d".formatted(candidate.to(Target.WEB), count / 10, count));
          p99.add(name, nanos[2] / 1e6, Map.of(), "");
          return new Row.Taken(
              nanos[0] / 1e6, 0, Map.of("p99", nanos[2] / 1e6, "max", nanos[3] / 1e6));
        });
  }

  private void rate(int round, String row, String command, String name, Candidate candidate)
      throws Exception {
    int millis = bed.options.quick() ? 500 : 2_000;
    new Row(bed, row, "1/s", round)
        .take(
            name,
            candidate,
            () -> {
              long[] done =
                  bed.client.ask(
                      "%s %s %d %d".formatted(command, candidate.to(Target.WEB), THREADS, millis));
              if (done[0] == 0) {
                throw new IOException("no request succeeded, " + done[2] + " failed");
              }
              return new Row.Taken(done[0] * 1e9 / done[1], 0, Map.of("failed", done[2]));
            });
  }
}
