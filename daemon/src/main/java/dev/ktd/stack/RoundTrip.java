package dev.ktd.stack;

/** The retransmission time-out of RFC 6298. Times in nanoseconds. */
final class RoundTrip {
  static final long MILLISECOND = 1_000_000L;
  static final long SECOND = 1000 * MILLISECOND;

  /** Linux's floor; RFC 6298 says a second, which no path of today needs. */
  private static final long LEAST = 200 * MILLISECOND;

  private static final long MOST = 60 * SECOND;
  private static final long GRANULARITY = MILLISECOND;

  private long smoothed = -1;
  private long variation;
  private long timeout = SECOND;
  private int backOff;

  /** A measurement of a segment that was sent only once (Karn). */
  void measured(long roundTrip) {
    if (smoothed < 0) {
      smoothed = roundTrip;
      variation = roundTrip / 2;
    } else {
      variation = (3 * variation + Math.abs(smoothed - roundTrip)) / 4;
      smoothed = (7 * smoothed + roundTrip) / 8;
    }
    timeout = Math.clamp(smoothed + Math.max(GRANULARITY, 4 * variation), LEAST, MOST);
  }

  void backOff() {
    backOff++;
  }

  void progress() {
    backOff = 0;
  }

  /** How often the time-out was doubled since the last progress. */
  int tries() {
    return backOff;
  }

  long timeout() {
    return Math.min(MOST, timeout << Math.min(backOff, 16));
  }
}
