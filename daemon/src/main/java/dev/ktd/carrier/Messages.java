package dev.ktd.carrier;

import io.netty.buffer.ByteBuf;

/**
 * How messages travel in a connection. Holds the state of one connection; on its event loop. A
 * payload is passed on as it comes, in pieces, and never collected.
 */
sealed interface Messages permits RawMessages, WebSocketMessages {
  /** Longest head that anything here writes. */
  int HEAD = 16;

  /** Writes what stands in front of a message of {@code n} bytes, 1 to 2^31 - 1. */
  void head(ByteBuf out, int n);

  /** Writes what ends the connection in order, or nothing. At most {@link #HEAD} bytes. */
  void close(ByteBuf out);

  /** Reads all of {@code in}; does not release it. */
  void read(ByteBuf in, Sink sink);

  /** Takes what was read. */
  interface Sink {
    /**
     * Bytes of a message; does not take ownership, and they are to be read now.
     *
     * @param first a message begins with them
     */
    void piece(ByteBuf bytes, boolean first);

    /** An answer that is due, with its head; takes ownership. */
    void answer(ByteBuf bytes);

    /** The other end closes. {@code why} may be empty. */
    void ended(String why);

    /** The bytes are not of this protocol; nothing more is read. */
    void malformed(String what);
  }
}
