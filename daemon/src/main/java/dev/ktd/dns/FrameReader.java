package dev.ktd.dns;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Cuts a TCP stream into messages: two bytes of length before each (RFC 1035 section 4.2.2). */
final class FrameReader {
  private int lengthBytes;
  private int length;
  private byte[] frame = new byte[0];
  private int filled;

  /**
   * Takes bytes from {@code in} up to the end of one message.
   *
   * @return the message, owned by the caller; null when more bytes are needed ({@code in} is empty
   *     then)
   */
  byte @Nullable [] next(ByteBuffer in) {
    while (lengthBytes < 2 && in.hasRemaining()) {
      length = length << 8 | (in.get() & 0xff);
      if (++lengthBytes == 2) {
        frame = new byte[length];
        filled = 0;
      }
    }
    if (lengthBytes < 2) {
      return null;
    }
    int part = Math.min(length - filled, in.remaining());
    in.get(frame, filled, part);
    filled += part;
    if (filled < length) {
      return null;
    }
    byte[] whole = frame;
    frame = new byte[0];
    lengthBytes = 0;
    length = 0;
    return whole;
  }

  /** {@code message} (at most 65,535 bytes) with its length before it, ready to be read. */
  static ByteBuffer frame(byte[] message) {
    ByteBuffer framed = ByteBuffer.allocate(2 + message.length);
    return framed.putShort((short) message.length).put(message).flip();
  }
}
