package dev.ktd.stack;

/** A limit on a rate: so many at once, and then so many a second. */
final class TokenBucket {
  private final long burstNanos;
  private final long eachNanos;

  /** Time for which nothing was taken, at most {@link #burstNanos}; counted from {@link #since}. */
  private long saved;

  private long since;

  /**
   * A full bucket.
   *
   * @param perSecond 1 to a billion
   * @param burst at least 1
   */
  TokenBucket(int perSecond, int burst) {
    eachNanos = RoundTrip.SECOND / perSecond;
    burstNanos = burst * eachNanos;
    saved = burstNanos;
  }

  /** Takes one, if there is one. {@code now} never goes back. */
  boolean take(long now) {
    saved = Math.min(burstNanos, saved + Math.max(0, now - since));
    since = now;
    if (saved < eachNanos) {
      return false;
    }
    saved -= eachNanos;
    return true;
  }
}
