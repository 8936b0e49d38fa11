package dev.ktd.dns;

import java.util.concurrent.atomic.LongAdder;

/** Counts on the event loop, is read by any thread. */
final class Counters {
  final LongAdder queries = new LongAdder();
  final LongAdder cluster = new LongAdder();
  final LongAdder cached = new LongAdder();
  final LongAdder host = new LongAdder();
  final LongAdder failed = new LongAdder();
  final LongAdder malformed = new LongAdder();

  DnsCounters snapshot() {
    return new DnsCounters(
        queries.sum(), cluster.sum(), cached.sum(), host.sum(), failed.sum(), malformed.sum());
  }
}
