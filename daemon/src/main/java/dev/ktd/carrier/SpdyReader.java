package dev.ktd.carrier;

import io.netty.buffer.ByteBuf;

/**
 * Takes SPDY/3.1 frames apart as their bytes come, without collecting them (SPDY protocol draft
 * 3.1, section 2.2): data is passed on in the pieces in which it arrives. Header blocks are skipped
 * undecoded: nothing in them matters to a port-forward.
 */
final class SpdyReader {
  static final int SYN_STREAM = 1;
  static final int SYN_REPLY = 2;
  static final int RST_STREAM = 3;
  static final int PING = 6;
  static final int GOAWAY = 7;
  static final int FIN = 1;

  /** Longest control frame believed; a server's header block is a few hundred bytes. */
  static final int CONTROL_LIMIT = 64 * 1024;

  private static final int HEADER = 8;

  /** Takes what was read. */
  interface Sink {
    /** Bytes of a stream; takes ownership of the buffer. */
    void data(int stream, ByteBuf bytes);

    /** The other end sends no more on this stream. */
    void end(int stream);

    void reset(int stream, int status);

    void ping(int id);

    void goAway();

    /** The bytes are no SPDY/3.1; nothing more is read. */
    void malformed(String what);
  }

  private final Sink sink;
  private long collected;
  private int missing = HEADER;
  private boolean inBody;
  private boolean control;
  private boolean broken;
  private int type;
  private int stream;
  private int flags;
  private int left;
  private int wanted;

  SpdyReader(Sink sink) {
    this.sink = sink;
  }

  /** Reads all of {@code in}; does not release it. */
  void read(ByteBuf in) {
    while (in.isReadable() && !broken) {
      if (!inBody) {
        collect(in);
        if (missing == 0) {
          header();
        }
      } else if (control) {
        controlBody(in);
      } else {
        dataBody(in);
      }
    }
  }

  private void collect(ByteBuf in) {
    while (missing > 0 && in.isReadable()) {
      collected = (collected << 8) | in.readUnsignedByte();
      missing--;
    }
  }

  private void header() {
    int first = (int) (collected >>> 32);
    int second = (int) collected;
    control = first < 0;
    flags = second >>> 24;
    left = second & 0xffffff;
    inBody = true;
    if (!control) {
      stream = first;
      if (left == 0) {
        dataEnd();
      }
      return;
    }
    int version = (first >>> 16) & 0x7fff;
    type = first & 0xffff;
    if (version != 3) {
      fail("a control frame of SPDY version " + version);
    } else if (left > CONTROL_LIMIT) {
      fail("a control frame of " + left + " bytes");
    } else {
      wanted = Math.min(left, Long.BYTES);
      missing = wanted;
      collected = 0;
      if (left == 0) {
        controlEnd();
      }
    }
  }

  private void dataBody(ByteBuf in) {
    int n = Math.min(left, in.readableBytes());
    left -= n;
    sink.data(stream, in.readRetainedSlice(n));
    if (left == 0) {
      dataEnd();
    }
  }

  private void dataEnd() {
    next();
    if ((flags & FIN) != 0) {
      sink.end(stream);
    }
  }

  private void controlBody(ByteBuf in) {
    int before = in.readableBytes();
    collect(in);
    left -= before - in.readableBytes();
    int skip = Math.min(left, in.readableBytes());
    if (missing == 0) {
      in.skipBytes(skip);
      left -= skip;
    }
    if (left == 0) {
      controlEnd();
    }
  }

  private void controlEnd() {
    long body = wanted == 0 ? 0 : collected << ((Long.BYTES - wanted) * 8);
    int first = (int) (body >>> 32);
    boolean whole = wanted >= (type == RST_STREAM ? 8 : 4);
    next();
    switch (type) {
      case SYN_STREAM, SYN_REPLY -> {
        if (whole && (flags & FIN) != 0) {
          sink.end(first);
        }
      }
      case RST_STREAM -> {
        if (whole) {
          sink.reset(first, (int) body);
        } else {
          fail("a short RST_STREAM");
        }
      }
      case PING -> {
        if (whole) {
          sink.ping(first);
        } else {
          fail("a short PING");
        }
      }
      case GOAWAY -> sink.goAway();
      default -> {
        // SETTINGS, HEADERS, WINDOW_UPDATE and what may come: nothing that a port-forward needs.
      }
    }
  }

  private void next() {
    inBody = false;
    missing = HEADER;
    collected = 0;
  }

  private void fail(String what) {
    broken = true;
    sink.malformed(what);
  }
}
