package dev.ktd.stack;

import java.util.Arrays;

/**
 * A bounded set of ranges of positions, sorted, none touching another. It remembers in which order
 * they were added to. Without ranges it has next to no memory.
 */
final class Intervals {
  private static final long[] NOTHING = {};
  private static final int[] NO_TIMES = {};
  private static final int FIRST_ROOM = 4;

  private final int most;
  private long[] starts = NOTHING;
  private long[] ends = NOTHING;

  /** When a range was added to, counted in additions; compared by distance. */
  private int[] times = NO_TIMES;

  private int time;
  private int size;

  Intervals(int most) {
    this.most = most;
  }

  boolean isEmpty() {
    return size == 0;
  }

  int size() {
    return size;
  }

  /** Of the range with this index, counted from the lowest. */
  long start(int index) {
    return starts[index];
  }

  long end(int index) {
    return ends[index];
  }

  long firstStart() {
    return starts[0];
  }

  long firstEnd() {
    return ends[0];
  }

  /** Whether {@code start} to {@code end} has a byte in common with any range. */
  boolean overlaps(long start, long end) {
    for (int i = 0; i < size; i++) {
      if (starts[i] < end && start < ends[i]) {
        return true;
      }
    }
    return false;
  }

  /** Whether one range has all of it. */
  boolean covers(long start, long end) {
    for (int i = 0; i < size; i++) {
      if (starts[i] <= start && end <= ends[i]) {
        return true;
      }
    }
    return false;
  }

  /** The first position from {@code position} on that is in no range. */
  long gap(long position) {
    for (int i = 0; i < size && starts[i] <= position; i++) {
      if (position < ends[i]) {
        return ends[i];
      }
    }
    return position;
  }

  /** Where the first range behind {@code position} starts; {@code Long.MAX_VALUE} for none. */
  long gapEnd(long position) {
    for (int i = 0; i < size; i++) {
      if (starts[i] > position) {
        return starts[i];
      }
    }
    return Long.MAX_VALUE;
  }

  /** Whether {@link #add} would find room. */
  boolean accepts(long start, long end) {
    return size < most || touching(start, end);
  }

  /** Adds a range, joined with those it touches; not when {@link #accepts} says no. */
  void add(long start, long end) {
    int from = 0;
    while (from < size && ends[from] < start) {
      from++;
    }
    int to = from;
    long low = start;
    long high = end;
    while (to < size && starts[to] <= end) {
      low = Math.min(low, starts[to]);
      high = Math.max(high, ends[to]);
      to++;
    }
    if (from == to && size == most) {
      throw new IllegalStateException("full");
    }
    makeRoom();
    move(to, from + 1);
    starts[from] = low;
    ends[from] = high;
    times[from] = ++time;
  }

  /**
   * The ranges that were added to last.
   *
   * @param into gets their indices, the latest first
   * @return how many they are: all, or as many as there is room for
   */
  int latest(int[] into) {
    int count = 0;
    for (int i = 0; i < size; i++) {
      int at = Math.min(count, into.length);
      while (at > 0 && times[into[at - 1]] - times[i] < 0) {
        at--;
      }
      if (at < into.length) {
        count = Math.min(count + 1, into.length);
        System.arraycopy(into, at, into, at + 1, count - 1 - at);
        into[at] = i;
      }
    }
    return count;
  }

  void removeFirst() {
    move(1, 0);
  }

  void clear() {
    size = 0;
    starts = NOTHING;
    ends = NOTHING;
    times = NO_TIMES;
  }

  private boolean touching(long start, long end) {
    for (int i = 0; i < size; i++) {
      if (starts[i] <= end && start <= ends[i]) {
        return true;
      }
    }
    return false;
  }

  private void makeRoom() {
    if (size == starts.length) {
      // One more than ever needed: a range that joins others is put in before they go.
      int room = Math.min(most + 1, Math.max(FIRST_ROOM, 2 * size));
      starts = Arrays.copyOf(starts, room);
      ends = Arrays.copyOf(ends, room);
      times = Arrays.copyOf(times, room);
    }
  }

  private void move(int from, int to) {
    System.arraycopy(starts, from, starts, to, size - from);
    System.arraycopy(ends, from, ends, to, size - from);
    System.arraycopy(times, from, times, to, size - from);
    size += to - from;
  }
}
