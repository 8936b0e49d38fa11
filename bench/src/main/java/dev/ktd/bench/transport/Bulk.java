package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Report;
import java.util.List;

/** Bytes a second, up and down. */
final class Bulk {
  static final List<Integer> STREAMS = List.of(1, 8, 32);

  /** More streams are only measured of those that take part everywhere. */
  private static final int MOST_OF_PEERS = 8;

  private static final int WARM_UP_SECONDS = 5;

  private final Bed bed;

  Bulk(Bed bed) {
    this.bed = bed;
  }

  static String row(int streams, boolean down, int roundTripMillis) {
    return "%s %d, %d ms".formatted(down ? "down" : "up", streams, roundTripMillis);
  }

  /** Compiles what is hot in ktd; its measure gets the same. The others have no such compiler. */
  void warmUp(Standing standing) {
    int millis = bed.options.quick() ? 2_000 : WARM_UP_SECONDS * 1000;
    Report.line("warm-up");
    for (boolean down : new boolean[] {false, true}) {
      var run = new IperfRun(4, down, 0, millis);
      standing.inTurnEverywhere((_, candidate) -> run.run(bed, candidate.to(Target.IPERF)));
    }
    standing.inTurnEverywhere(
        (_, candidate) ->
            bed.client.ask("rate %s 4 %d".formatted(candidate.to(Target.WEB), millis)));
  }

  void run(Standing standing, int roundTripMillis) {
    Report.line("bulk, round trip " + roundTripMillis + " ms");
    for (int round = 0; round < bed.options.rounds(); round++) {
      for (int streams : STREAMS) {
        for (boolean down : new boolean[] {false, true}) {
          turn(standing, round, streams, down, roundTripMillis);
        }
      }
    }
  }

  private void turn(Standing standing, int round, int streams, boolean down, int roundTrip) {
    var run = new IperfRun(streams, down, bed.options.warmUp(), bed.options.time());
    var row = new Row(bed, row(streams, down, roundTrip), "Gb/s", round);
    Standing.Turn turn =
        (name, candidate) ->
            row.take(name, candidate, () -> run.run(bed, candidate.to(Target.IPERF)));
    if (streams > MOST_OF_PEERS) {
      standing.inTurnEverywhere(turn);
    } else {
      standing.inTurn(round, turn);
    }
  }
}
