package dev.ktd.carrier;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.spdy.DefaultSpdySynStreamFrame;
import io.netty.handler.codec.spdy.SpdyFrameCodec;
import io.netty.handler.codec.spdy.SpdyVersion;
import org.jspecify.annotations.Nullable;

/**
 * {@code portforward.k8s.io}: two SPDY streams, 1 for errors and 3 for the data. There is no flow
 * control of SPDY's own in the server (spdystream), but with exactly one data stream TCP bounds
 * everything. Where its bytes begin and end within messages means nothing.
 */
final class SpdyFraming implements Framing {
  private static final int ERROR_STREAM = 1;
  private static final int DATA_STREAM = 3;

  private final int port;
  private final SpdyReader reader = new SpdyReader(new Frames());
  private @Nullable Sink sink;
  private boolean failed;

  SpdyFraming(int port) {
    this.port = port;
  }

  @Override
  public int headLength() {
    return 8;
  }

  @Override
  public void head(ByteBuf out, int n) {
    out.writeInt(DATA_STREAM).writeInt(n);
  }

  /** Compression needs one codec for both frames, and nothing else is ever compressed. */
  @Override
  public void open(ByteBuf out) {
    EmbeddedChannel codec = new EmbeddedChannel(new SpdyFrameCodec(SpdyVersion.SPDY_3_1));
    try {
      codec.writeOutbound(stream(ERROR_STREAM, "error"), stream(DATA_STREAM, "data"));
      for (ByteBuf part = codec.readOutbound(); part != null; part = codec.readOutbound()) {
        out.writeBytes(part);
        part.release();
      }
    } finally {
      codec.finishAndReleaseAll();
    }
  }

  private DefaultSpdySynStreamFrame stream(int id, String type) {
    DefaultSpdySynStreamFrame frame = new DefaultSpdySynStreamFrame(id, 0, (byte) 0);
    frame.headers().set("streamtype", type).set("port", String.valueOf(port)).set("requestid", "0");
    // We never write to the error stream.
    frame.setLast(id == ERROR_STREAM);
    return frame;
  }

  @Override
  public void end(ByteBuf out) {
    out.writeInt(DATA_STREAM).writeInt(SpdyReader.FIN << 24);
  }

  @Override
  public void read(ByteBuf in, boolean first, Sink to) {
    sink = to;
    reader.read(in);
    sink = null;
  }

  /** On the way from the reader to the sink of the moment. */
  private final class Frames implements SpdyReader.Sink {
    private Sink to() {
      Sink current = sink;
      if (current == null) {
        throw new IllegalStateException("a frame without a read");
      }
      return current;
    }

    @Override
    public void data(int stream, ByteBuf bytes) {
      if (stream == DATA_STREAM) {
        to().data(bytes);
        return;
      }
      if (stream == ERROR_STREAM) {
        failed |= bytes.isReadable();
        to().errorText(bytes);
      }
      bytes.release();
    }

    @Override
    public void end(int stream) {
      // The runtime says why on the error stream before it ends the data stream.
      if (stream == DATA_STREAM || failed) {
        to().ended();
      }
    }

    @Override
    public void reset(int stream, int status) {
      to().ended("stream reset, status " + status);
    }

    @Override
    public void ping(int id) {
      // Ours would be odd; an even one asks for an answer (SPDY 2.6.5).
      if ((id & 1) == 0) {
        to().reply(
                Unpooled.buffer(12)
                    .writeInt(0x80030000 | SpdyReader.PING)
                    .writeInt(4)
                    .writeInt(id));
      }
    }

    @Override
    public void goAway() {
      to().ended("the server goes away");
    }

    @Override
    public void malformed(String what) {
      to().malformed(what);
    }
  }
}
