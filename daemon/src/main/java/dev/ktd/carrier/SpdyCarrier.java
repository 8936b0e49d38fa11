package dev.ktd.carrier;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.spdy.DefaultSpdySynStreamFrame;
import io.netty.handler.codec.spdy.SpdyFrameCodec;
import io.netty.handler.codec.spdy.SpdyVersion;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * A port-forward as two SPDY streams on one connection: 1 is the error stream, 3 the data. There is
 * no flow control of SPDY's own in the server (spdystream), but with exactly one data stream TCP
 * bounds everything.
 */
// A failed write closes the channel, and channelInactive tells of that.
@SuppressWarnings("FutureReturnValueIgnored")
final class SpdyCarrier implements Carrier {
  private static final int ERROR_STREAM = 1;
  private static final int DATA_STREAM = 3;

  /** Length of an outbound frame where there is enough: the server's cost is per frame. */
  private static final int FRAME = 128 * 1024;

  private static final int FRAME_LIMIT = 0xffffff;
  private static final int ERROR_TEXT_LIMIT = 4096;

  private final EventLoop loop;
  private final PodPort target;
  private final Listener listener;
  private final Queue<ByteBuf> queued = new ArrayDeque<>();
  private final StringBuilder errorText = new StringBuilder();
  private int queuedBytes;
  private @Nullable Channel channel;
  private @Nullable Future<?> deadline;
  private boolean ready;
  private boolean finished;

  SpdyCarrier(EventLoop loop, PodPort target, Listener listener) {
    this.loop = loop;
    this.target = target;
    this.listener = listener;
  }

  /** The connection that is being made; a later one replaces it. */
  void attach(Channel connecting) {
    channel = connecting;
    if (finished) {
      connecting.close();
    }
  }

  /** What gives up if neither ready nor finished comes first. */
  void deadline(Future<?> task) {
    deadline = task;
    cancelDeadline(finished);
  }

  private void cancelDeadline(boolean decided) {
    if (decided && deadline != null) {
      deadline.cancel(false);
    }
  }

  boolean isReady() {
    return ready;
  }

  boolean isFinished() {
    return finished;
  }

  /** What reads the connection from the upgrade on. */
  ChannelHandler frames() {
    return new Frames();
  }

  /** The server speaks SPDY from here on. */
  void upgraded() {
    if (finished || channel == null) {
      return;
    }
    channel.writeAndFlush(openStreams());
    ready = true;
    cancelDeadline(true);
    listener.ready(this);
  }

  /** Compression needs one codec for both frames, and nothing else is ever compressed. */
  private ByteBuf openStreams() {
    EmbeddedChannel codec = new EmbeddedChannel(new SpdyFrameCodec(SpdyVersion.SPDY_3_1));
    ByteBuf all = ByteBufAllocator.DEFAULT.buffer(512);
    try {
      codec.writeOutbound(open(ERROR_STREAM, "error"), open(DATA_STREAM, "data"));
      for (ByteBuf part = codec.readOutbound(); part != null; part = codec.readOutbound()) {
        all.writeBytes(part);
        part.release();
      }
      return all;
    } finally {
      codec.finishAndReleaseAll();
    }
  }

  private DefaultSpdySynStreamFrame open(int stream, String type) {
    DefaultSpdySynStreamFrame frame = new DefaultSpdySynStreamFrame(stream, 0, (byte) 0);
    frame
        .headers()
        .set("streamtype", type)
        .set("port", String.valueOf(target.port()))
        .set("requestid", "0");
    // We never write to the error stream.
    frame.setLast(stream == ERROR_STREAM);
    return frame;
  }

  @Override
  public void write(ByteBuf data) {
    if (!ready || finished) {
      data.release();
      return;
    }
    int n = data.readableBytes();
    if (queuedBytes > 0 && queuedBytes + n > FRAME) {
      emit();
    }
    while (data.readableBytes() > FRAME_LIMIT) {
      queued.add(data.readRetainedSlice(FRAME));
      queuedBytes = FRAME;
      emit();
    }
    queued.add(data);
    queuedBytes += data.readableBytes();
  }

  private void emit() {
    Channel to = channel;
    if (queued.isEmpty() || to == null) {
      return;
    }
    to.write(to.alloc().buffer(8).writeInt(DATA_STREAM).writeInt(queuedBytes));
    for (ByteBuf part = queued.poll(); part != null; part = queued.poll()) {
      to.write(part);
    }
    queuedBytes = 0;
  }

  @Override
  public void flush() {
    if (ready && !finished && channel != null) {
      emit();
      channel.flush();
    }
  }

  @Override
  public boolean isWritable() {
    return ready && !finished && channel != null && channel.isWritable();
  }

  @Override
  public void setReading(boolean reading) {
    if (channel != null) {
      channel.config().setAutoRead(reading);
    }
  }

  @Override
  public void close() {
    if (!loop.inEventLoop()) {
      loop.execute(this::close);
      return;
    }
    if (ready && !finished && channel != null) {
      emit();
      channel.write(channel.alloc().buffer(8).writeInt(DATA_STREAM).writeInt(SpdyReader.FIN << 24));
      channel.flush();
    }
    finish(
        new KtdException(
            ErrorCode.NOT_CONNECTED, "the port-forward to " + target + " was closed", null));
  }

  /** Ends everything and tells the listener, once, after the current turn. */
  void finish(KtdException why) {
    if (finished) {
      return;
    }
    finished = true;
    cancelDeadline(true);
    for (ByteBuf part = queued.poll(); part != null; part = queued.poll()) {
      part.release();
    }
    queuedBytes = 0;
    if (channel != null) {
      channel.close();
    }
    loop.execute(() -> listener.closed(why));
  }

  private void ended(@Nullable Throwable cause) {
    finish(Failures.ended(target, StatusText.printable(errorText.toString()), cause));
  }

  /** The connection after the upgrade. */
  private final class Frames extends ChannelInboundHandlerAdapter implements SpdyReader.Sink {
    private final SpdyReader reader = new SpdyReader(this);

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      try {
        if (message instanceof ByteBuf bytes && !finished) {
          reader.read(bytes);
        }
      } finally {
        ReferenceCountUtil.release(message);
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      if (!finished) {
        listener.readComplete();
      }
      ctx.fireChannelReadComplete();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      if (!finished && ready) {
        listener.writabilityChanged(ctx.channel().isWritable());
      }
      ctx.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      ended(null);
      ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ended(cause);
    }

    @Override
    public void data(int stream, ByteBuf bytes) {
      if (stream == DATA_STREAM && !finished) {
        listener.data(bytes);
        return;
      }
      if (stream == ERROR_STREAM && errorText.length() < ERROR_TEXT_LIMIT) {
        errorText.append(bytes.toString(StandardCharsets.UTF_8));
      }
      bytes.release();
    }

    @Override
    public void end(int stream) {
      // The runtime says why on the error stream before it ends the data stream.
      if (stream == DATA_STREAM || !errorText.isEmpty()) {
        ended(null);
      }
    }

    @Override
    public void reset(int stream, int status) {
      errorText.append(errorText.isEmpty() ? "" : ": ").append("stream reset, status " + status);
      ended(null);
    }

    @Override
    public void ping(int id) {
      // Ours would be odd; an even one asks for an answer (SPDY 2.6.5).
      if ((id & 1) == 0 && channel != null && !finished) {
        emit();
        channel.writeAndFlush(
            channel
                .alloc()
                .buffer(12)
                .writeInt(0x80030000 | SpdyReader.PING)
                .writeInt(4)
                .writeInt(id));
      }
    }

    @Override
    public void goAway() {
      errorText.append(errorText.isEmpty() ? "" : ": ").append("the server goes away");
      ended(null);
    }

    @Override
    public void malformed(String what) {
      finish(Failures.protocol(target, what));
    }
  }
}
