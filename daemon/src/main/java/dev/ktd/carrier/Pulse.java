package dev.ktd.carrier;

import dev.ktd.carrier.ResumeSettings.Timing;

/**
 * When to ask a plain carrier for a sign of life, and when to doubt that there is any: "A carrier
 * is cut" in docs/carrier-protocol.md. Pure: times are nanoseconds of any clock that does not go
 * back.
 */
final class Pulse {
  private static final long NONE = Long.MAX_VALUE;

  private final long answerNanos;
  private final long longestIdleNanos;
  private final long suspicionNanos;
  private final long probeNanos;
  private long idleNanos;
  private long heardAt;

  /** When the first thing was sent that nothing has come after; or {@link #NONE}. */
  private long unansweredSince = NONE;

  /** When a sign of life was asked for that has not come; or {@link #NONE}. */
  private long askedAt = NONE;

  private long lastAskedAt;
  private long patience;
  private boolean probing;

  /** What is to be done. */
  enum Due {
    NOTHING,
    PING,
    SUSPECT
  }

  Pulse(Timing timing, long now) {
    answerNanos = timing.answer().toNanos();
    longestIdleNanos = timing.idle().toNanos();
    idleNanos = longestIdleNanos;
    suspicionNanos = timing.suspicion().toNanos();
    probeNanos = timing.probe().toNanos();
    patience = suspicionNanos;
    heardAt = now;
    lastAskedAt = now;
  }

  /** The stream is over after so long without a sign of life, which both ends count. */
  void limit(long limitNanos) {
    idleNanos = Math.min(longestIdleNanos, limitNanos / 3);
  }

  /** Something came: all that was asked is answered. */
  void heard(long now) {
    heardAt = now;
    unansweredSince = NONE;
    askedAt = NONE;
    probing = false;
  }

  /** When something last came. */
  long heardAt() {
    return heardAt;
  }

  /**
   * Something was sent that the agent answers sooner or later.
   *
   * @return whether {@link #deadline} may be earlier now
   */
  boolean sent(long now) {
    if (unansweredSince != NONE) {
      return false;
    }
    unansweredSince = now;
    return true;
  }

  /** A PING went out, or cannot now but would have. */
  void asked(long now) {
    lastAskedAt = now;
    if (askedAt == NONE) {
      askedAt = now;
      patience = suspicionNanos;
    }
  }

  /**
   * A PING went out because there is a reason to doubt: the answer must come sooner.
   *
   * @param rttNanos last round trip; 0 where it is not known
   */
  void probed(long now, long rttNanos) {
    lastAskedAt = now;
    if (!probing) {
      probing = true;
      askedAt = now;
      patience = Math.min(suspicionNanos, Math.max(probeNanos, 2 * rttNanos));
    }
  }

  /** Another plain carrier is asked for the first time; when something last came stays. */
  void replaced(long now) {
    askedAt = NONE;
    probing = false;
    unansweredSince = now;
  }

  /** Whether a probe waits for its answer. */
  boolean isProbing() {
    return probing;
  }

  Due due(long now) {
    if (askedAt != NONE) {
      return now - askedAt >= patience ? Due.SUSPECT : Due.NOTHING;
    }
    boolean unanswered = unansweredSince != NONE && now - unansweredSince >= answerNanos;
    return unanswered || now - lastAskedAt >= idleNanos ? Due.PING : Due.NOTHING;
  }

  /** When {@link #due} will not be NOTHING any more if nothing happens. */
  long deadline() {
    if (askedAt != NONE) {
      return askedAt + patience;
    }
    long idle = lastAskedAt + idleNanos;
    return unansweredSince == NONE ? idle : Math.min(idle, unansweredSince + answerNanos);
  }
}
