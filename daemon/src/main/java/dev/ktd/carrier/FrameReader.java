package dev.ktd.carrier;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/**
 * Takes the agent's frames apart as their bytes come, in any cutting. The body of DATA is passed on
 * in the pieces in which it arrives, uncopied.
 */
final class FrameReader {
  static final int DATA = 0;
  static final int ACK = 1;
  static final int PING = 2;
  static final int PONG = 3;
  static final int CLOSE = 4;

  /** Longest body. */
  static final int LONGEST = 128 * 1024;

  private static final int HEADER = 4;
  private static final int POSITION = 8;
  private static final int LONGEST_TEXT = 512;

  private final Sink sink;

  /** Header or body of a frame that is not DATA, as far as it has come. */
  private final byte[] collected = new byte[1 + LONGEST_TEXT];

  private int have;
  private int wanted = HEADER;
  private boolean inBody;
  private boolean stopped;
  private int type;
  private int dataLeft;

  /** Takes what was read. */
  interface Sink {
    /** Bytes of the stream, at least one; takes ownership of the buffer. */
    void data(ByteBuf bytes);

    /** The agent has all bytes before {@code received}. */
    void acknowledged(long received);

    void pong(long token, long received);

    /** The agent ends the stream. {@code text} is as it came. */
    void closed(int code, String text);

    /** What came is no frame of an agent; nothing more is read. */
    void malformed(String what);
  }

  FrameReader(Sink sink) {
    this.sink = sink;
  }

  /** Reads no more, not even the rest of what is being read. */
  void stop() {
    stopped = true;
  }

  /** Reads all of {@code in} and takes ownership of it. */
  void read(ByteBuf in) {
    try {
      while (in.isReadable() && !stopped) {
        if (dataLeft == 0) {
          collect(in);
        } else if (dataLeft >= in.readableBytes()) {
          dataLeft -= in.readableBytes();
          sink.data(in.retain());
          return;
        } else {
          ByteBuf piece = in.readRetainedSlice(dataLeft);
          dataLeft = 0;
          sink.data(piece);
        }
      }
    } finally {
      in.release();
    }
  }

  private void collect(ByteBuf in) {
    int n = Math.min(wanted - have, in.readableBytes());
    in.readBytes(collected, have, n);
    have += n;
    if (have < wanted) {
      return;
    }
    have = 0;
    if (inBody) {
      inBody = false;
      int length = wanted;
      wanted = HEADER;
      body(length);
    } else {
      header();
    }
  }

  private void header() {
    type = collected[0] & 0xff;
    int length = (int) number(0, HEADER) & 0xffffff;
    boolean fits =
        switch (type) {
          case DATA -> length >= 1 && length <= LONGEST;
          case ACK -> length == POSITION;
          case PONG -> length == 2 * POSITION;
          case CLOSE -> length >= 1 && length <= 1 + LONGEST_TEXT;
          default -> false;
        };
    if (!fits) {
      stop();
      sink.malformed("a frame of type " + type + " with " + length + " bytes");
    } else if (type == DATA) {
      dataLeft = length;
    } else {
      inBody = true;
      wanted = length;
    }
  }

  private void body(int length) {
    switch (type) {
      case ACK -> sink.acknowledged(number(0, POSITION));
      case PONG -> sink.pong(number(0, POSITION), number(POSITION, POSITION));
      case CLOSE -> {
        stop();
        String text = new String(collected, 1, length - 1, StandardCharsets.UTF_8);
        sink.closed(collected[0] & 0xff, text);
      }
      default -> throw new IllegalStateException("type " + type); // header() let nothing else pass
    }
  }

  private long number(int from, int length) {
    long value = 0;
    for (int i = from; i < from + length; i++) {
      value = value << 8 | (collected[i] & 0xff);
    }
    return value;
  }
}
