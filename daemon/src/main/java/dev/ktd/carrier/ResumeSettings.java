package dev.ktd.carrier;

import java.time.Duration;

/**
 * How a stream is opened, watched and resumed.
 *
 * @param secret of the session
 * @param limit how long a stream is tried to be resumed since the last byte came, positive; the
 *     agent's own limit counts where it is shorter
 * @param timing when to doubt a plain carrier; {@link Timing#DEFAULT} but in tests
 */
public record ResumeSettings(SessionSecret secret, Duration limit, Timing timing) {
  /** How long a stream outlives its carrier where nobody says otherwise. */
  public static final Duration DEFAULT_LIMIT = Duration.ofMinutes(15);

  public ResumeSettings {
    if (!limit.isPositive()) {
      throw new IllegalArgumentException("limit " + limit);
    }
  }

  /** With the specification's times. */
  public ResumeSettings(SessionSecret secret, Duration limit) {
    this(secret, limit, Timing.DEFAULT);
  }

  /**
   * The times of docs/carrier-protocol.md, all positive.
   *
   * @param answer silence after something was sent, before a PING asks
   * @param idle between PINGs whatever comes; a third of the limit where that is less
   * @param suspicion silence after a PING, before a second plain carrier is opened
   * @param probe the same after {@link ResumableCarrier#probe}, at least
   * @param firstPause after the first attempt that failed; each further one doubles it
   * @param longestPause between two attempts
   * @param attempt for an attempt to come to the agent's greeting; doubles up to {@code
   *     longestAttempt}
   * @param longestAttempt for an attempt at most, and for the first one of a stream
   */
  public record Timing(
      Duration answer,
      Duration idle,
      Duration suspicion,
      Duration probe,
      Duration firstPause,
      Duration longestPause,
      Duration attempt,
      Duration longestAttempt) {
    /** What the specification says. */
    public static final Timing DEFAULT =
        new Timing(
            Duration.ofSeconds(1),
            Duration.ofSeconds(15),
            Duration.ofSeconds(1),
            Duration.ofMillis(100),
            Duration.ofMillis(100),
            Duration.ofSeconds(5),
            Duration.ofSeconds(5),
            Duration.ofSeconds(30));
  }
}
