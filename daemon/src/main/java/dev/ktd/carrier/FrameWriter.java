package dev.ktd.carrier;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/** The client's frames as bytes. The buffers belong to who asks. */
final class FrameWriter {
  /** Codes of CLOSE. */
  static final int DONE = 0;

  static final int MALFORMED = 2;

  private FrameWriter() {}

  /** The header of a DATA frame; its body follows. */
  static ByteBuf data(int length) {
    return header(FrameReader.DATA, length, 0);
  }

  static ByteBuf ack(long received) {
    return header(FrameReader.ACK, Long.BYTES, Long.BYTES).writeLong(received);
  }

  static ByteBuf ping(long token, long received) {
    return header(FrameReader.PING, 2 * Long.BYTES, 2 * Long.BYTES)
        .writeLong(token)
        .writeLong(received);
  }

  /** Without a text: the agent would only log it. */
  static ByteBuf close(int code) {
    return header(FrameReader.CLOSE, 1, 1).writeByte(code);
  }

  private static ByteBuf header(int type, int length, int following) {
    return ByteBufAllocator.DEFAULT.buffer(Integer.BYTES + following).writeInt(type << 24 | length);
  }
}
