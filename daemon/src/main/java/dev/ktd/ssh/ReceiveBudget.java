package dev.ktd.ssh;

import java.util.concurrent.TimeUnit;

/**
 * What the peer of one transport may send ahead of the local programs, over all channels: a channel
 * cannot take back what it has promised, so all promises together must fit into memory, here and in
 * the proxy pod, where sshd reads its sockets ahead as far as a window goes.
 *
 * <p>Each channel has {@link #FLOOR} of its own. What it has beyond comes from {@link #SHARED} and
 * may grow up to what it would leave to all others (dynamic thresholds: Choudhury and Hahne, 1998):
 * one busy channel gets half of it, eight get a ninth each, and a part is always left for the next.
 * So the promise is {@code SHARED + FLOOR * channels}, whatever happens; sshd has 16,384 channels
 * at most. On the event loop.
 */
final class ReceiveBudget {
  /** What all channels share, in bytes. */
  static final int SHARED = 16 * 1024 * 1024;

  /** What a channel has in any case: a small answer in one round trip. */
  static final int FLOOR = 4 * 1024;

  /** The most that a new channel begins with. */
  static final int LARGEST_START = 256 * 1024;

  /** Kept for channels that prove that they need it: idle ones cannot use it up. */
  private static final int KEPT = SHARED / 4;

  /** A new channel gets such a part of what is left, so that the first thousand all get some. */
  private static final int START_SHARE = 32;

  /** What a channel's peer may send while the queues run dry. */
  static final int DRAINED = 64 * 1024;

  /** Queues run dry at most so long, also when no sample comes. */
  private static final long LONGEST_DRAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  /** And at least so long: other channels need the time as well. */
  private static final long SHORTEST_DRAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /** Who consumes less between two drains makes no queues. */
  private static final long BULK = 8 * 1024 * 1024;

  private final RoundTrip roundTrip = new RoundTrip();
  private boolean draining;
  private long drainChangedAt;
  private boolean drainKnown;
  private long consumed;
  private int free = SHARED;
  private int channels;

  /** A window for a new channel. */
  ReceiveWindow open() {
    channels++;
    int start = Math.min(LARGEST_START - FLOOR, Math.max(0, free - KEPT) / START_SHARE);
    free -= start;
    return new ReceiveWindow(this, FLOOR + start);
  }

  RoundTrip roundTrip() {
    return roundTrip;
  }

  /**
   * Programs have consumed so many bytes. From time to time, while they consume many, the peers are
   * held back to {@link #DRAINED} bytes each for a moment: then the round trip is seen as it is
   * without our own queues, which would grow with the windows that are made by it. As BBR's
   * ProbeRTT (draft-cardwell-iccrg-bbr-congestion-control).
   */
  void consumed(int bytes, long now) {
    if (!drainKnown) {
      drainKnown = true;
      drainChangedAt = now;
    }
    consumed += bytes;
    long since = now - drainChangedAt;
    if (draining) {
      if (since >= LONGEST_DRAIN_NANOS) {
        drain(false, now);
      }
    } else if (since >= RoundTrip.REMEMBERED_NANOS) {
      drain(consumed >= BULK, now);
    }
  }

  /** A round trip was seen; {@code askedAt} is when what caused it was sent. */
  void roundTrip(long askedAt, long now) {
    roundTrip.sample(now - askedAt, now);
    if (draining && askedAt - drainChangedAt >= SHORTEST_DRAIN_NANOS) {
      drain(false, now);
    }
  }

  private void drain(boolean wanted, long now) {
    draining = wanted;
    drainChangedAt = now;
    consumed = 0;
  }

  /** How much of a window of {@code size} bytes its peer may use now. */
  int usable(int size) {
    return draining ? Math.min(size, DRAINED) : size;
  }

  /** The largest size that a window of {@code size} bytes may have now; it may be smaller. */
  int ceiling(int size) {
    int own = Math.max(0, size - FLOOR);
    return FLOOR + (free + own) / 2;
  }

  void resized(int from, int to) {
    free -= Math.max(0, to - FLOOR) - Math.max(0, from - FLOOR);
  }

  /** A window of {@code size} bytes is of no use to anybody any more. */
  void closed(int size) {
    channels--;
    resized(size, 0);
  }

  /** Bytes that are promised now, those that are held included; at most. */
  long promised() {
    return (long) SHARED - free + (long) channels * FLOOR;
  }

  int channels() {
    return channels;
  }
}
