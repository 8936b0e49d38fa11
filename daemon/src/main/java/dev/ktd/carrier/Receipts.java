package dev.ktd.carrier;

/**
 * The position in the agent's bytes, and when to confirm it. Pure: times are nanoseconds of any
 * clock that does not go back.
 */
final class Receipts {
  /** Unconfirmed bytes at which a confirmation is due at once. */
  static final int MOST_UNCONFIRMED = 128 * 1024;

  /** At the next bytes after so long, a confirmation is due as well. */
  static final long INTERVAL_NANOS = 100_000_000;

  private long received;
  private long confirmed;
  private long confirmedAt;

  Receipts(long now) {
    confirmedAt = now;
  }

  /** Bytes that came, all in all. */
  long received() {
    return received;
  }

  void add(int bytes) {
    received += bytes;
  }

  boolean isFull() {
    return received - confirmed >= MOST_UNCONFIRMED;
  }

  /** Whether to confirm, asked when bytes have come. */
  boolean isDue(long now) {
    return isFull() || (received > confirmed && now - confirmedAt >= INTERVAL_NANOS);
  }

  /** The agent is told the position: by an ACK, a PING, or a hello. */
  void confirm(long now) {
    confirmed = received;
    confirmedAt = now;
  }
}
