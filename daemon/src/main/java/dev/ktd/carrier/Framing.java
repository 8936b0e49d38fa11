package dev.ktd.carrier;

import io.netty.buffer.ByteBuf;

/**
 * How one byte stream to a port of the pod travels among what else a protocol says. Holds the state
 * of one connection; on its event loop. What messages are is {@link Messages}' business.
 */
sealed interface Framing permits SpdyFraming, ChannelFraming, NoFraming {
  /** Longest head, message close or answer that anything here writes. */
  int SMALL = 32;

  /** Bytes that stand in front of a piece of the stream, within the same message. */
  int headLength();

  /** Writes those for {@code n} bytes that follow. */
  void head(ByteBuf out, int n);

  /** Writes the message that opens the stream, or nothing. */
  void open(ByteBuf out);

  /** Writes the message that ends the stream, or nothing. At most {@link #SMALL} bytes. */
  void end(ByteBuf out);

  /**
   * Reads all of {@code in}; does not release it.
   *
   * @param first a message begins with these bytes
   */
  void read(ByteBuf in, boolean first, Sink sink);

  /** Takes what was read. */
  interface Sink {
    /** Bytes of the stream; takes ownership of the buffer. */
    void data(ByteBuf bytes);

    /** What the server has to say about the stream. Does not take ownership. */
    void errorText(ByteBuf text);

    /** The other end sends no more. */
    void ended();

    /** The same, with the reason. */
    void ended(String why);

    /** An answer that is due, as one message of at most {@link #SMALL} bytes; takes ownership. */
    void reply(ByteBuf message);

    /** The bytes are not of this protocol; nothing more is read. */
    void malformed(String what);
  }
}
