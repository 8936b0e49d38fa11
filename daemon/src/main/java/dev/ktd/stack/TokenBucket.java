package dev.ktd.stack;

/** A limit on a rate: so many at once, and then one each so often. */
final class TokenBucket {
  private final long burstNanos;
  private final long eachNanos;

  /** Time for which nothing was taken, at most {@link #burstNanos}; counted from {@link #since}. */
  private long saved;

  private long since;

  /**
   * A full bucket.
   *
   * @param eachNanos after which there is one more, at least 1
   * @param burst at least 1
   */
  TokenBucket(long eachNanos, int burst) {
    this.eachNanos = eachNanos;
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
