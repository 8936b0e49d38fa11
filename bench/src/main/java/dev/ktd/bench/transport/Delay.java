package dev.ktd.bench.transport;

import dev.ktd.testbed.WireProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** What a long way to the API server costs: a wire that delays stands before it. */
final class Delay {
  private static final List<Integer> ROUND_TRIPS = List.of(20, 100);

  private final Bed bed;

  Delay(Bed bed) {
    this.bed = bed;
  }

  void run(List<Candidate.Entry> entries) {
    try (WireProcess wire = bed.wire()) {
      Path way = bed.over(wire);
      try (var standing = new Standing(bed, way, entries)) {
        var bulk = new Bulk(bed);
        bulk.warmUp(standing);
        for (int roundTrip : ROUND_TRIPS) {
          wire.delay(Duration.ofMillis(roundTrip));
          new Http(bed).oneByOne(standing, roundTrip);
          new Latency(bed).alone(standing, roundTrip);
          bulk.run(standing, roundTrip);
        }
        wire.delay(Duration.ZERO);
      }
    }
  }
}
