package dev.ktd.carrier;

import io.netty.buffer.ByteBuf;

/** Messages one after the other, without a mark between them. */
final class RawMessages implements Messages {
  @Override
  public void head(ByteBuf out, int n) {}

  @Override
  public void close(ByteBuf out) {}

  @Override
  public void read(ByteBuf in, Sink sink) {
    sink.piece(in, false);
  }
}
