package dev.ktd.relay;

import java.nio.ByteBuffer;

/** What the far side of a TCP flow tells the relay. All calls on the relay's event loop. */
public interface Downstream {
  /** The far side answered: the local program's SYN may be answered. */
  void opened();

  void failed(DialFailure why);

  /**
   * Bytes from the far side; the buffer is valid only during the call and everything is taken. What
   * {@link Upstream#consumed} has not returned yet is held here, for as long as the local program
   * does not read it. How much that may be is for the far side to choose, at any moment anew, but
   * never more than {@link #WINDOW}: who sends more is reset.
   */
  void data(ByteBuffer data);

  /** {@link Upstream#write} is worth trying again. */
  void writable();

  /** The far side has sent its last byte. */
  void end();

  /**
   * The far side is gone in both directions. {@code clean}: after {@link #end} and all bytes sent.
   */
  void closed(boolean clean);

  /** The most that the far side of one flow may send ahead of the local program, in bytes. */
  int WINDOW = 8 * 1024 * 1024;
}
