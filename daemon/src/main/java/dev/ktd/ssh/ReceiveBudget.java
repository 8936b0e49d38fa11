package dev.ktd.ssh;

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

  private final RoundTrip roundTrip = new RoundTrip();
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
