package dev.ktd.ssh;

import java.util.concurrent.TimeUnit;

/**
 * The round trip to the proxy's sshd, as the shortest of what was seen in the last {@link
 * #REMEMBERED_NANOS} to twice that: samples contain queues and whatever the other end did first, so
 * each is an upper bound.
 */
final class RoundTrip {
  /**
   * After which a shorter time is forgotten: a path may become longer without a word. As long as
   * BBR remembers it (draft-cardwell-iccrg-bbr-congestion-control). So often {@link ReceiveBudget}
   * lets the queues run dry, which would otherwise be in every sample.
   */
  static final long REMEMBERED_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** Before the first sample, and the most that is believed: longer than to a satellite. */
  static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(1);

  private long shortest = LONGEST_NANOS;
  private long shortestBefore = LONGEST_NANOS;
  private long since;
  private boolean begun;

  /**
   * Something was sent, and its consequence came {@code nanos} later.
   *
   * @param now in nanoseconds of a monotonic clock
   */
  void sample(long nanos, long now) {
    if (!begun || now - since > REMEMBERED_NANOS) {
      boolean recent = begun && now - since <= 2 * REMEMBERED_NANOS;
      shortestBefore = recent ? shortest : LONGEST_NANOS;
      shortest = LONGEST_NANOS;
      since = now;
      begun = true;
    }
    shortest = Math.min(shortest, nanos);
  }

  /**
   * The path is another one, so what was seen counts no more.
   *
   * @param nanos what it takes there and back while nothing else is under way
   */
  void rerouted(long nanos, long now) {
    begun = false;
    sample(nanos, now);
  }

  long nanos() {
    return Math.min(shortest, shortestBefore);
  }
}
