package dev.ktd.relay;

import java.nio.ByteBuffer;

/** What the far side of a TCP flow tells the relay. All calls on the relay's event loop. */
public interface Downstream {
  /** The far side answered: the local program's SYN may be answered. */
  void opened();

  void failed(DialFailure why);

  /**
   * Bytes from the far side; the buffer is valid only during the call and everything is taken. The
   * far side never sends more than {@link #WINDOW} bytes beyond what {@link Upstream#consumed}
   * returned.
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

  /** Receive window of one flow in bytes: what the far side may send ahead of the local program. */
  int WINDOW = 2 * 1024 * 1024;
}
