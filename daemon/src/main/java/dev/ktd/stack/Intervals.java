package dev.ktd.stack;

/** A bounded set of ranges of positions, sorted, none touching another. */
final class Intervals {
  private final long[] starts;
  private final long[] ends;
  private int size;

  Intervals(int most) {
    starts = new long[most];
    ends = new long[most];
  }

  boolean isEmpty() {
    return size == 0;
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

  /** Whether {@link #add} would find room. */
  boolean accepts(long start, long end) {
    return size < starts.length || touching(start, end);
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
    if (from == to && size == starts.length) {
      throw new IllegalStateException("full");
    }
    move(to, from + 1);
    starts[from] = low;
    ends[from] = high;
  }

  void removeFirst() {
    move(1, 0);
  }

  void clear() {
    size = 0;
  }

  private boolean touching(long start, long end) {
    for (int i = 0; i < size; i++) {
      if (starts[i] <= end && start <= ends[i]) {
        return true;
      }
    }
    return false;
  }

  private void move(int from, int to) {
    System.arraycopy(starts, from, starts, to, size - from);
    System.arraycopy(ends, from, ends, to, size - from);
    size += to - from;
  }
}
