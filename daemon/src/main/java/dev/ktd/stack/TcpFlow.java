package dev.ktd.stack;

import java.nio.ByteBuffer;

/**
 * A TCP connection of a local program that ends in the stack. All calls from the stack's thread;
 * what they make due is sent by the next {@link Stack#poll}.
 */
public interface TcpFlow {
  FlowKey key();

  /** Answers the SYN with SYN-ACK. From here on {@code listener} is told what happens. */
  void accept(Listener listener);

  /** Answers the SYN with a refusal and forgets the flow. */
  void refuse(Refusal why);

  /**
   * Offers again what {@link Listener#received} did not take, as far as it is taken now; the
   * receive window opens accordingly. During {@link Listener#received} it is noted and done after
   * it, but no more than once after the listener took nothing.
   */
  void resume();

  /**
   * How many bytes {@link #write} takes now: less than the flow's own buffer has room for when all
   * flows together have used up {@link StackConfig.Buffers#budget} and a quarter of it again.
   */
  int writable();

  /**
   * Queues bytes for the local program; they are copied once and kept until acknowledged.
   *
   * @param data between position and limit; at most {@link #writable} bytes, all are taken
   */
  void write(ByteBuffer data);

  /** FIN after all that was written. */
  void shutdownOutput();

  /** RST now; the flow is gone and the listener hears nothing more. */
  void abort();

  /** What happens on an accepted flow. */
  interface Listener {
    /**
     * In-order bytes from the local program. The buffer is valid only during the call.
     *
     * @return how many bytes were taken, from the position on; the stack keeps the rest, closes its
     *     receive window accordingly, and offers it again on {@link TcpFlow#resume}
     */
    int received(ByteBuffer data);

    /** The local program has sent FIN and everything before it was taken. */
    void receivedEnd();

    /** The local kernel acknowledged {@code bytes} of what was written. */
    void acknowledged(int bytes);

    /** The flow ended: reset by the program, or given up after too many repetitions. */
    void aborted();

    /** The flow ended well: both directions finished. */
    void closed();
  }
}
