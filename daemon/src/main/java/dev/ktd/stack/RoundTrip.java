package dev.ktd.stack;

/** The retransmission time-out of RFC 6298. Times in nanoseconds. */
final class RoundTrip {
  static final long MILLISECOND = 1_000_000L;
  static final long SECOND = 1000 * MILLISECOND;

  /** Linux's floor; RFC 6298 says a second, which no path of today needs. */
  private static final long LEAST = 200 * MILLISECOND;

  private static final long MOST = 60 * SECOND;
  private static final long AFTER_REPEATED_HANDSHAKE = 3 * SECOND;
  private static final long GRANULARITY = MILLISECOND;

  private long smoothed = -1;
  private long variation;
  private long timeout = SECOND;
  private int backOff;
  private int tries;

  /** A measurement of a segment that was sent only once (Karn), which ends the back-off. */
  void measured(long roundTrip) {
    backOff = 0;
    if (smoothed < 0) {
      smoothed = roundTrip;
      variation = roundTrip / 2;
    } else {
      variation = (3 * variation + Math.abs(smoothed - roundTrip)) / 4;
      smoothed = (7 * smoothed + roundTrip) / 8;
    }
    timeout = Math.clamp(smoothed + Math.max(GRANULARITY, 4 * variation), LEAST, MOST);
  }

  /** Something was not acknowledged in time. */
  void backOff() {
    backOff++;
    tries++;
  }

  /**
   * Something was acknowledged. An ACK of what was sent twice does not say that the time-out was
   * long enough, so it stays doubled until a measurement (Karn). RFC 6298, section 5, would keep
   * all of the back-off; but where the whole window is on its way every resend is a repetition, no
   * measurement comes for long, and each further loss would cost a minute.
   */
  void progress() {
    tries = 0;
    backOff = Math.min(backOff, 1);
  }

  /** The other side answers, though it takes nothing: the tries begin anew. */
  void answered() {
    tries = 0;
  }

  /** The SYN-ACK was acknowledged: RFC 6298, section 5.7, if it was sent more than once. */
  void handshakeDone() {
    if (tries > 0) {
      timeout = AFTER_REPEATED_HANDSHAKE;
    }
    tries = 0;
    backOff = 0;
  }

  /** How often the time-out has passed since the last progress. */
  int tries() {
    return tries;
  }

  long timeout() {
    return Math.min(MOST, timeout << Math.min(backOff, 16));
  }
}
