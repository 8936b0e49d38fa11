package dev.ktd.stack;

/**
 * What the program's kernel says it has beyond what it acknowledged (RFC 2018). It is bounded: what
 * it has no room for counts as not received. An addition costs no more than a walk along it.
 */
final class Scoreboard {
  private static final int MOST_RANGES = 128;
  private static final int DUPLICATES = 3;

  private final Intervals received = new Intervals(MOST_RANGES);
  private final int segmentSize;

  Scoreboard(int segmentSize) {
    this.segmentSize = segmentSize;
  }

  /** Notes that the bytes between two positions were received; whether that is news. */
  boolean add(long from, long to) {
    if (received.covers(from, to) || !received.accepts(from, to)) {
      return false;
    }
    received.add(from, to);
    return true;
  }

  /**
   * All before {@code position} is acknowledged.
   *
   * @return false when the kernel does not have what it said it had (RFC 2018, section 8): Linux
   *     throws early segments away when memory is short. Then nothing it said is believed.
   */
  boolean acknowledged(long position) {
    while (!received.isEmpty() && received.firstEnd() <= position) {
      received.removeFirst();
    }
    if (received.isEmpty() || received.firstStart() > position) {
      return true;
    }
    received.clear();
    return false;
  }

  /** The first position from {@code position} on that was not received, as far as is known. */
  long hole(long position) {
    return received.gap(position);
  }

  /** Where that hole ends; {@code Long.MAX_VALUE} when nothing behind it was received. */
  long holeEnd(long position) {
    return received.gapEnd(position);
  }

  /**
   * IsLost of RFC 6675, section 4: every hole before this position is lost, since three segments
   * behind it came. 0 for none.
   */
  long lostBefore() {
    long bytes = 0;
    for (int i = received.size() - 1; i >= 0; i--) {
      bytes += received.end(i) - received.start(i);
      if (received.size() - i >= DUPLICATES || bytes > (DUPLICATES - 1L) * segmentSize) {
        return received.start(i);
      }
    }
    return 0;
  }

  void clear() {
    received.clear();
  }
}
