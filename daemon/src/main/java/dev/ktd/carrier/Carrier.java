package dev.ktd.carrier;

import io.netty.buffer.ByteBuf;

/** A byte stream to one port of the proxy pod. All calls on its event loop. */
public interface Carrier {
  /**
   * Queues bytes; takes ownership of the buffer, but never changes them: they may be kept
   * elsewhere, to be sent again. They leave with the next {@link #flush}.
   */
  void write(ByteBuf data);

  void flush();

  /** False while more than the high-water mark waits for the socket. */
  boolean isWritable();

  /** Stops or resumes reading from the network: back-pressure. */
  void setReading(boolean reading);

  /** Ends the stream; the listener hears {@link Listener#closed} once. Repeatable. */
  void close();

  /**
   * Ends the stream because nothing came of it in all the time that its user had for it, or because
   * who answered is not who should. As {@link #close}, but an opener that knows another protocol
   * takes that one next time. Repeatable.
   */
  default void abandon() {
    close();
  }

  /** How the bytes travel, for people: {@code port-forward} or {@code direct}. */
  default String path() {
    return "port-forward";
  }

  /** What carries the bytes on that path, for the log, e.g. {@code SPDY/3.1} or {@code TCP}. */
  default String protocol() {
    return "SPDY/3.1";
  }

  /** What a carrier tells its user. All calls on the carrier's event loop. */
  interface Listener {
    /**
     * The stream is open. The pod's port may still turn out to be closed: only its bytes prove it.
     */
    void ready(Carrier carrier);

    /** Bytes; the listener takes ownership of the buffer. */
    void data(ByteBuf data);

    /** No more bytes in this turn: flush now. */
    void readComplete();

    /** Not told in the middle of a {@link Carrier#write}; whoever hears it may write and flush. */
    void writabilityChanged(boolean writable);

    /** The stream ended or was never opened. Called exactly once, and last. */
    void closed(Throwable why);
  }
}
