package dev.ktd.carrier;

import io.netty.buffer.ByteBuf;

/** A byte stream to one port of the proxy pod. All calls on its event loop. */
public interface Carrier {
  /** Queues bytes; takes ownership of the buffer. They leave with the next {@link #flush}. */
  void write(ByteBuf data);

  void flush();

  /** False while more than the high-water mark waits for the socket. */
  boolean isWritable();

  /** Stops or resumes reading from the network: back-pressure. */
  void setReading(boolean reading);

  /** Ends the stream; the listener hears {@link Listener#closed} once. Repeatable. */
  void close();

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

    void writabilityChanged(boolean writable);

    /** The stream ended or was never opened. Called exactly once, and last. */
    void closed(Throwable why);
  }
}
