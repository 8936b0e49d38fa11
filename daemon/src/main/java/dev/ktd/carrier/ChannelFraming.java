package dev.ktd.carrier;

import io.netty.buffer.ByteBuf;

/**
 * {@code v4.channel.k8s.io}: the first byte of a message is its channel, 0 for the data and 1 for
 * errors of the one port that was asked for. The first two bytes on each channel repeat the port
 * (k8s.io/kubelet, portforward/websocket.go). A stream has no end of its own: the connection's is.
 */
final class ChannelFraming implements Framing {
  private static final int DATA = 0;
  private static final int ERROR = 1;
  private static final int NONE = -1;

  /** Bytes of the port that are still to come, by channel. */
  private final int[] ofPort = {2, 2};

  private int channel = NONE;

  @Override
  public int headLength() {
    return 1;
  }

  @Override
  public void head(ByteBuf out, int n) {
    out.writeByte(DATA);
  }

  @Override
  public void open(ByteBuf out) {}

  @Override
  public void end(ByteBuf out) {}

  @Override
  public void read(ByteBuf in, boolean first, Sink sink) {
    if (first) {
      channel = NONE;
    }
    if (!in.isReadable()) {
      return;
    }
    if (channel == NONE) {
      channel = in.readUnsignedByte();
    }
    if (channel > ERROR) {
      sink.malformed("channel " + channel);
      return;
    }
    int skipped = Math.min(ofPort[channel], in.readableBytes());
    ofPort[channel] -= skipped;
    in.skipBytes(skipped);
    if (!in.isReadable()) {
      return;
    }
    if (channel == DATA) {
      sink.data(in.readRetainedSlice(in.readableBytes()));
    } else {
      sink.errorText(in);
      in.skipBytes(in.readableBytes());
    }
  }
}
