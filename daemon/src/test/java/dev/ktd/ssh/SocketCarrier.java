package dev.ktd.ssh;

import dev.ktd.carrier.Carrier;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;

/** A carrier that is a plain TCP connection to an SSH server on this machine. */
@SuppressWarnings("FutureReturnValueIgnored")
final class SocketCarrier extends ChannelInboundHandlerAdapter implements Carrier {
  private final EventLoop loop;
  private final Listener listener;
  private final Channel channel;
  private boolean closed;

  SocketCarrier(EventLoop loop, InetSocketAddress server, Listener listener) {
    this.loop = loop;
    this.listener = listener;
    ChannelFuture connecting =
        new Bootstrap()
            .group(loop)
            .channel(EpollSocketChannel.class)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(
                ChannelOption.WRITE_BUFFER_WATER_MARK,
                new WriteBufferWaterMark(256 * 1024, 512 * 1024))
            .handler(this)
            .connect(server);
    channel = connecting.channel();
    connecting.addListener(
        done -> {
          if (!done.isSuccess()) {
            over(done.cause());
          }
        });
  }

  private void over(Throwable why) {
    if (!closed) {
      closed = true;
      channel.close();
      loop.execute(() -> listener.closed(why));
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    listener.ready(this);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    listener.data((ByteBuf) message);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    listener.readComplete();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    listener.writabilityChanged(channel.isWritable());
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    over(new IOException("the socket was closed"));
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    over(cause);
  }

  @Override
  public void write(ByteBuf data) {
    if (closed) {
      data.release();
    } else {
      channel.write(data);
    }
  }

  @Override
  public void flush() {
    channel.flush();
  }

  @Override
  public boolean isWritable() {
    return channel.isWritable();
  }

  @Override
  public void setReading(boolean reading) {
    channel.config().setAutoRead(reading);
  }

  @Override
  public void close() {
    over(new IOException("closed here"));
  }
}
