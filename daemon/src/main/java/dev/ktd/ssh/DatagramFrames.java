package dev.ktd.ssh;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/**
 * Frames of the subsystem {@code datagram} (docs/agent-protocol.md): u16 length of what follows, u8
 * type, u32 id, body; big-endian.
 */
final class DatagramFrames {
  static final int REFUSED = 1;
  static final int UNREACHABLE = 2;
  static final int PROHIBITED = 3;
  static final int TOO_MANY = 4;

  /** Longest payload of an IPv4 UDP datagram. */
  static final int DATAGRAM_LIMIT = 65_507;

  private static final int HELLO = 0;
  private static final int OPEN = 1;
  private static final int DATA = 2;
  private static final int CLOSE = 3;
  private static final int ERROR = 4;
  private static final int ECHO = 5;
  private static final int ECHO_REPLY = 6;
  private static final int VERSION = 1;
  private static final int TYPE_AND_ID = 5;
  private static final int ECHO_LIMIT = 65_000;

  private DatagramFrames() {}

  static ByteBuffer hello() {
    return frame(HELLO, 0, 1).put((byte) VERSION).flip();
  }

  static ByteBuffer open(int id, InetSocketAddress destination) {
    byte[] address = destination.getAddress().getAddress();
    return frame(OPEN, id, 3 + address.length)
        .put((byte) (address.length == 4 ? 4 : 6))
        .put(address)
        .putShort((short) destination.getPort())
        .flip();
  }

  /** Longer payloads than a datagram can have are cut. */
  static ByteBuffer data(int id, ByteBuffer payload) {
    ByteBuffer body =
        payload.slice(payload.position(), Math.min(payload.remaining(), DATAGRAM_LIMIT));
    return frame(DATA, id, body.remaining()).put(body).flip();
  }

  static ByteBuffer close(int id) {
    return frame(CLOSE, id, 0).flip();
  }

  static ByteBuffer echo(int id, InetAddress destination, ByteBuffer payload) {
    byte[] address = destination.getAddress();
    ByteBuffer body = payload.slice(payload.position(), Math.min(payload.remaining(), ECHO_LIMIT));
    return frame(ECHO, id, 1 + address.length + body.remaining())
        .put((byte) (address.length == 4 ? 4 : 6))
        .put(address)
        .put(body)
        .flip();
  }

  private static ByteBuffer frame(int type, int id, int body) {
    return ByteBuffer.allocate(2 + TYPE_AND_ID + body)
        .putShort((short) (TYPE_AND_ID + body))
        .put((byte) type)
        .putInt(id);
  }

  /** Takes what the agent sends. Payloads are valid only during the call. */
  interface Sink {
    void data(int id, ByteBuffer payload);

    void closed(int id);

    void error(int id, int code);

    void echoReply(int id, ByteBuffer payload);
  }

  /** Puts frames together from the pieces in which they come; holds at most one. */
  static final class Reader {
    private final Sink sink;
    private final ByteBuffer partial = ByteBuffer.allocate(2 + 0xffff);

    Reader(Sink sink) {
      this.sink = sink;
    }

    /** Reads all of it. False: the stream is spoilt, and nothing more can be read. */
    boolean read(ByteBuffer bytes) {
      while (bytes.hasRemaining()) {
        if (partial.position() == 0 && bytes.remaining() >= 2) {
          int length = bytes.getShort(bytes.position()) & 0xffff;
          if (bytes.remaining() >= 2 + length) {
            ByteBuffer whole = bytes.slice(bytes.position() + 2, length);
            bytes.position(bytes.position() + 2 + length);
            if (!dispatch(whole)) {
              return false;
            }
            continue;
          }
        }
        if (!collect(bytes)) {
          return false;
        }
      }
      return true;
    }

    private boolean collect(ByteBuffer bytes) {
      while (bytes.hasRemaining() && partial.position() < 2) {
        partial.put(bytes.get());
      }
      if (partial.position() < 2) {
        return true;
      }
      int length = partial.getShort(0) & 0xffff;
      int n = Math.min(2 + length - partial.position(), bytes.remaining());
      partial.put(bytes.slice(bytes.position(), n));
      bytes.position(bytes.position() + n);
      if (partial.position() < 2 + length) {
        return true;
      }
      partial.clear();
      return dispatch(partial.slice(2, length));
    }

    private boolean dispatch(ByteBuffer frame) {
      if (frame.remaining() < TYPE_AND_ID) {
        return false;
      }
      int type = frame.get();
      int id = frame.getInt();
      ByteBuffer body = frame.slice();
      switch (type) {
        case HELLO -> {
          return body.hasRemaining() && body.get() == VERSION;
        }
        case DATA -> sink.data(id, body);
        case CLOSE -> sink.closed(id);
        case ERROR -> {
          if (body.hasRemaining()) {
            sink.error(id, body.get());
          }
        }
        case ECHO_REPLY -> sink.echoReply(id, body);
        default -> {
          // A later version's: not for us.
        }
      }
      return true;
    }
  }
}
