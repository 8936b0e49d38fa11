package dev.ktd.carrier;

import io.netty.buffer.ByteBuf;

/**
 * WebSocket (RFC 6455), client's side: binary messages, each sent as one frame.
 *
 * <p>Netty's decoder would collect each frame before it shows it, and its encoder goes over each
 * byte of a payload to mask it. {@link WebSocketReader} reads in pieces, and this masks with the
 * key 0, which changes no byte. RFC 6455 section 5.3 asks for keys that nobody can predict, so that
 * a web page cannot make a browser send bytes that an intermediary takes for HTTP (10.3). Here no
 * stranger chooses the bytes: they are SSH's, encrypted, and TLS hides them from what lies between.
 */
final class WebSocketMessages implements Messages {
  private static final int FIN = 0x80;
  private static final int MASKED = 0x80;
  private static final int NORMAL = 1000;

  private final WebSocketReader reader = new WebSocketReader();

  @Override
  public void head(ByteBuf out, int n) {
    frame(out, WebSocketReader.BINARY, n);
  }

  /** Writes the head of a frame of {@code n} bytes. */
  static void frame(ByteBuf out, int opcode, int n) {
    out.writeByte(FIN | opcode);
    if (n <= WebSocketReader.CONTROL_LIMIT) {
      out.writeByte(MASKED | n);
    } else if (n <= 0xffff) {
      out.writeByte(MASKED | WebSocketReader.LENGTH_16).writeShort(n);
    } else {
      out.writeByte(MASKED | WebSocketReader.LENGTH_64).writeLong(n);
    }
    out.writeInt(0); // the mask key
  }

  @Override
  public void close(ByteBuf out) {
    frame(out, WebSocketReader.CLOSE, Short.BYTES);
    out.writeShort(NORMAL);
  }

  @Override
  public void read(ByteBuf in, Sink sink) {
    reader.read(in, sink);
  }
}
