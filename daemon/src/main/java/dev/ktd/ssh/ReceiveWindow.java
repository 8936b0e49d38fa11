package dev.ktd.ssh;

import java.util.concurrent.TimeUnit;

/**
 * The receive window of one channel (RFC 4254, 5.2): how much the peer may send before the local
 * program has consumed it. It grows while the program consumes as much within a round trip as the
 * window has (dynamic right-sizing, as of TCP's receive window in Linux), and shrinks, by returning
 * less credit than was consumed, when the {@link ReceiveBudget} has become smaller.
 *
 * <pre>
 *             |<---------------------- size ----------------------->|
 *             |<------------- outstanding ----------->|<-- credit ->|
 *  consumed --|-- held here --|-- the peer may send --|  not told to the peer yet
 * </pre>
 *
 * On the event loop.
 */
final class ReceiveWindow {
  /**
   * A lone channel's largest, three times that of {@code ssh}: 60 MB/s at 100 ms. What does not fit
   * into the path fills sshd's buffer, which OpenSSH enlarges by copying all of it for every 32
   * KiB, up to twice the window: 8 MiB cost it seconds.
   */
  static final int LARGEST = 6 * 1024 * 1024;

  /** Credit returns in pieces of a quarter of the window, but at this at the latest. */
  private static final int LARGEST_PIECE = 256 * 1024;

  /** Programs and schedulers need time too: what is consumed in this is to fit in any case. */
  private static final long SHORTEST_TRIP_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  /**
   * Rates are measured over this at least: where programs, ktd and the cluster share processors,
   * bytes come in bursts of a scheduler's slices, which are no rate.
   */
  private static final long SHORTEST_PERIOD_NANOS = TimeUnit.MILLISECONDS.toNanos(25);

  /** The window is to be so many times what is consumed in a round trip: it triples in each. */
  private static final int HEADROOM = 3;

  private final ReceiveBudget budget;
  private int size;
  private int outstanding;
  private int held;
  private boolean closed;
  private boolean over;

  private long periodStart;
  private long consumedInPeriod;

  /** Bytes still to come before one that needed the credit returned at {@code timedAt}. */
  private int timed;

  private long timedAt;

  /** Made by {@link ReceiveBudget#open}; all of it is promised to the peer with the request. */
  ReceiveWindow(ReceiveBudget budget, int size) {
    this.budget = budget;
    this.size = size;
    outstanding = size;
    timed = -1;
  }

  /** In bytes, now. */
  int size() {
    return size;
  }

  /** Bytes that came and were not consumed. */
  int held() {
    return held;
  }

  /**
   * Bytes came from the peer.
   *
   * @param now in nanoseconds of a monotonic clock
   * @return false when they are more than it may send
   */
  boolean received(int bytes, long now) {
    if (over) {
      return true; // It has not heard yet that nobody listens.
    }
    if (bytes > outstanding - held) {
      return false;
    }
    held += bytes;
    if (timed >= 0) {
      timed -= bytes;
      if (timed < 0) {
        budget.roundTrip(timedAt, now);
      }
    }
    return true;
  }

  /**
   * The local program has consumed so many of them.
   *
   * @return credit to tell to the peer now; 0 when it may wait
   */
  int consumed(int bytes, long now) {
    if (over) {
      return 0;
    }
    held -= bytes;
    outstanding -= bytes;
    if (closed) {
      resize(outstanding);
      endIfEmpty();
      return 0;
    }
    budget.consumed(bytes, now);
    measure(bytes, now);
    int ceiling = budget.ceiling(size);
    if (size > ceiling) {
      resize(Math.max(outstanding, ceiling));
    }
    return credit(now);
  }

  private void measure(int bytes, long now) {
    long trip = Math.max(SHORTEST_TRIP_NANOS, budget.roundTrip().nanos());
    long period = Math.max(SHORTEST_PERIOD_NANOS, trip);
    if (now - periodStart >= period) {
      periodStart = now;
      consumedInPeriod = 0;
    }
    consumedInPeriod += bytes;
    long wanted = HEADROOM * consumedInPeriod * trip / period;
    int most = Math.min(LARGEST, budget.ceiling(size));
    if (wanted > size && most > size) {
      resize((int) Math.min(wanted, most));
    }
  }

  private int credit(long now) {
    int usable = budget.usable(size);
    int credit = usable - outstanding;
    if (credit < Math.min(usable / 4, LARGEST_PIECE)) {
      return 0;
    }
    if (timed < 0) {
      timed = outstanding - held;
      timedAt = now;
    }
    outstanding += credit;
    return credit;
  }

  private void resize(int to) {
    budget.resized(size, to);
    size = to;
  }

  /** The peer sends no more; what is held may still be consumed. */
  void close() {
    if (!over && !closed) {
      closed = true;
      outstanding = held;
      resize(held);
      endIfEmpty();
    }
  }

  /** Nobody listens any more, and nothing is held. */
  void abandon() {
    if (!over) {
      over = true;
      held = 0;
      budget.closed(size);
    }
  }

  private void endIfEmpty() {
    if (held == 0) {
      abandon();
    }
  }
}
