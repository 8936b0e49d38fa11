package dev.ktd.carrier;

import io.netty.buffer.ByteBuf;

/** The connection carries the stream and nothing else. */
final class NoFraming implements Framing {
  @Override
  public int headLength() {
    return 0;
  }

  @Override
  public void head(ByteBuf out, int n) {}

  @Override
  public void open(ByteBuf out) {}

  @Override
  public void end(ByteBuf out) {}

  @Override
  public void read(ByteBuf in, boolean first, Sink sink) {
    sink.data(in.readRetainedSlice(in.readableBytes()));
  }
}
