package dev.ktd.stack;

import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** A set of positions as ranges that do not touch, the ends not included. */
final class Ranges {
  private final TreeMap<Long, Long> ends = new TreeMap<>();

  void add(long from, long to) {
    long start = from;
    long end = to;
    Map.Entry<Long, Long> before = ends.floorEntry(from);
    if (before != null && before.getValue() >= from) {
      start = before.getKey();
      end = Math.max(end, before.getValue());
    }
    NavigableMap<Long, Long> covered = ends.subMap(start, true, end, true);
    if (!covered.isEmpty()) {
      end = Math.max(end, covered.lastEntry().getValue());
      covered.clear();
    }
    ends.put(start, end);
  }

  /** Forgets all below {@code position}. */
  void dropBelow(long position) {
    while (!ends.isEmpty() && ends.firstKey() < position) {
      Map.Entry<Long, Long> first = ends.pollFirstEntry();
      if (first.getValue() > position) {
        ends.put(position, first.getValue());
      }
    }
  }

  /** The end of the range that holds {@code position}, or {@code position} itself. */
  long endAt(long position) {
    Map.Entry<Long, Long> range = ends.floorEntry(position);
    return range == null || range.getValue() <= position ? position : range.getValue();
  }

  /** Where the range that holds {@code position} starts. */
  long startAt(long position) {
    return endAt(position) == position ? position : ends.floorKey(position);
  }

  /** Where the next range behind {@code position} starts; {@code Long.MAX_VALUE} for never. */
  long nextStart(long position) {
    Long start = ends.higherKey(position);
    return start == null ? Long.MAX_VALUE : start;
  }

  /** The end of the last range; 0 where there is none. */
  long last() {
    return ends.isEmpty() ? 0 : ends.lastEntry().getValue();
  }

  /** From low to high. */
  NavigableMap<Long, Long> all() {
    return ends;
  }
}
