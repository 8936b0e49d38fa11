package dev.ktd.carrier;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;

/**
 * Sockets for carriers: little waits in them, so that a bulk copy does not hold up a keystroke. The
 * kernel tunes the receive buffer and the part of the send buffer that is on its way.
 */
final class Sockets {
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(256 * 1024, 512 * 1024);

  /** Bytes that the kernel takes beyond what it may send at once (tcp(7), TCP_NOTSENT_LOWAT). */
  private static final long NOT_SENT = 256 * 1024;

  private Sockets() {}

  static boolean isEpoll(EventLoop loop) {
    return loop instanceof IoEventLoopGroup group && group.isIoType(EpollIoHandler.class);
  }

  /** Without address and handler. */
  static Bootstrap client(EventLoop loop, int connectMillis) {
    boolean epoll = isEpoll(loop);
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loop)
            .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.SO_KEEPALIVE, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, connectMillis)
            .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
            .disableResolver();
    return epoll ? bootstrap.option(EpollChannelOption.TCP_NOTSENT_LOWAT, NOT_SENT) : bootstrap;
  }
}
