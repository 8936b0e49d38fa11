package dev.ktd.stack;

import dev.ktd.packet.Packet;
import dev.ktd.packet.Quote;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Flows by their two ends; finding one allocates nothing. */
final class FlowTable<E extends FlowEntry> {
  private final Class<E> type;
  private final long seed;
  private @Nullable FlowEntry[] buckets = new FlowEntry[256];
  private int size;

  /**
   * An empty table.
   *
   * @param seed makes it hard to find keys that share a bucket
   */
  FlowTable(Class<E> type, long seed) {
    this.type = type;
    this.seed = seed;
  }

  int size() {
    return size;
  }

  /** The flow this packet of a local program belongs to. */
  @Nullable E find(Packet packet) {
    return find(
        packet.sourceHigh(),
        packet.sourceLow(),
        packet.destinationHigh(),
        packet.destinationLow(),
        packet.sourcePort(),
        packet.destinationPort());
  }

  /** The flow that a packet of ours, quoted in an ICMP error, belongs to. */
  @Nullable E findSender(Quote quote) {
    return find(
        /* sourceHigh= */ quote.destinationHigh(),
        /* sourceLow= */ quote.destinationLow(),
        /* destinationHigh= */ quote.sourceHigh(),
        /* destinationLow= */ quote.sourceLow(),
        /* sourcePort= */ quote.destinationPort(),
        /* destinationPort= */ quote.sourcePort());
  }

  private @Nullable E find(
      long sourceHigh,
      long sourceLow,
      long destinationHigh,
      long destinationLow,
      int sourcePort,
      int destinationPort) {
    int bucket =
        bucket(sourceHigh, sourceLow, destinationHigh, destinationLow, sourcePort, destinationPort);
    for (FlowEntry entry = buckets[bucket]; entry != null; entry = entry.nextInBucket) {
      if (entry.sourcePort == sourcePort
          && entry.destinationPort == destinationPort
          && entry.sourceLow == sourceLow
          && entry.destinationLow == destinationLow
          && entry.sourceHigh == sourceHigh
          && entry.destinationHigh == destinationHigh) {
        return type.cast(entry);
      }
    }
    return null;
  }

  void add(E entry) {
    if (size >= buckets.length) {
      grow();
    }
    insert(entry);
    size++;
  }

  @SuppressWarnings("ReferenceEquality") // This very flow, not one like it.
  void remove(E gone) {
    int bucket = bucket(gone);
    FlowEntry before = null;
    for (FlowEntry entry = buckets[bucket]; entry != null; entry = entry.nextInBucket) {
      if (entry == gone) {
        if (before == null) {
          buckets[bucket] = entry.nextInBucket;
        } else {
          before.nextInBucket = entry.nextInBucket;
        }
        entry.nextInBucket = null;
        size--;
        return;
      }
      before = entry;
    }
  }

  /** A copy, so that flows may be removed while it is walked. */
  List<E> all() {
    List<E> all = new ArrayList<>(size);
    for (FlowEntry first : buckets) {
      for (FlowEntry entry = first; entry != null; entry = entry.nextInBucket) {
        all.add(type.cast(entry));
      }
    }
    return all;
  }

  private void grow() {
    @Nullable FlowEntry[] old = buckets;
    buckets = new FlowEntry[old.length * 2];
    for (FlowEntry first : old) {
      FlowEntry entry = first;
      while (entry != null) {
        FlowEntry next = entry.nextInBucket;
        insert(entry);
        entry = next;
      }
    }
  }

  private void insert(FlowEntry entry) {
    int bucket = bucket(entry);
    entry.nextInBucket = buckets[bucket];
    buckets[bucket] = entry;
  }

  private int bucket(FlowEntry entry) {
    return bucket(
        entry.sourceHigh,
        entry.sourceLow,
        entry.destinationHigh,
        entry.destinationLow,
        entry.sourcePort,
        entry.destinationPort);
  }

  private int bucket(
      long sourceHigh,
      long sourceLow,
      long destinationHigh,
      long destinationLow,
      int sourcePort,
      int destinationPort) {
    long hash = mix(seed ^ sourceHigh);
    hash = mix(hash ^ sourceLow);
    hash = mix(hash ^ destinationHigh);
    hash = mix(hash ^ destinationLow);
    hash = mix(hash ^ ((long) sourcePort << 16 | destinationPort));
    return (int) hash & (buckets.length - 1);
  }

  /** The finalizer of SplitMix64. */
  private static long mix(long value) {
    long mixed = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ mixed >>> 27) * 0x94d049bb133111ebL;
    return mixed ^ mixed >>> 31;
  }
}
