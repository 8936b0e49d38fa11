package dev.ktd.bench.tun;

import dev.ktd.relay.DialFailure;
import dev.ktd.relay.Dialer;
import dev.ktd.relay.Downstream;
import dev.ktd.relay.Upstream;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.proxy.Socks5ProxyHandler;
import io.netty.resolver.NoopAddressResolverGroup;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A far side behind a TCP socket of this machine, plain or by SOCKS5, on the same event loop: what
 * a program such as tun2socks has to do as well.
 */
final class SocketDialer implements Dialer {
  private static final int READ = 256 * 1024;
  private static final int QUEUE = 1024 * 1024;

  private final EventLoop loop;
  private final @Nullable InetSocketAddress socks;
  private final @Nullable InetSocketAddress fixed;

  private SocketDialer(
      EventLoop loop, @Nullable InetSocketAddress socks, @Nullable InetSocketAddress fixed) {
    this.loop = loop;
    this.socks = socks;
    this.fixed = fixed;
  }

  /** Every flow by the SOCKS5 server at {@code server}. */
  static SocketDialer socks(EventLoop loop, InetSocketAddress server) {
    return new SocketDialer(loop, server, null);
  }

  /** Every flow to {@code target}, wherever the program wanted to go. */
  static SocketDialer to(EventLoop loop, InetSocketAddress target) {
    return new SocketDialer(loop, null, target);
  }

  @Override
  public Upstream dial(InetSocketAddress destination, Downstream downstream) {
    var stream = new Stream(downstream);
    ChannelFuture connecting =
        new Bootstrap()
            .group(loop)
            .channel(EpollSocketChannel.class)
            .resolver(NoopAddressResolverGroup.INSTANCE)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(READ))
            .option(
                ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(QUEUE / 2, QUEUE))
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    if (socks != null) {
                      channel.pipeline().addLast(new Socks5ProxyHandler(socks));
                    }
                    channel.pipeline().addLast(stream);
                  }
                })
            .connect(fixed == null ? destination : fixed);
    stream.channel = connecting.channel();
    ChannelFuture _ =
        connecting.addListener(
            connected -> {
              if (connected.isSuccess()) {
                downstream.opened();
              } else {
                downstream.failed(DialFailure.REFUSED);
              }
            });
    return stream;
  }

  /** One socket; flushed once for all that a turn of the loop writes. */
  private static final class Stream extends ChannelInboundHandlerAdapter implements Upstream {
    private final Downstream downstream;
    private final Runnable flush = this::flush;
    private @Nullable Channel channel;
    private int window = 2 * 1024 * 1024;
    private boolean flushing;
    private boolean refusedSome;
    private boolean over;

    Stream(Downstream downstream) {
      this.downstream = downstream;
    }

    private void flush() {
      flushing = false;
      if (channel != null) {
        channel.flush();
      }
    }

    @Override
    public int write(ByteBuffer data) {
      Channel to = channel;
      if (to == null || !to.isActive() || !to.isWritable()) {
        refusedSome = true;
        return 0;
      }
      int length = data.remaining();
      ChannelFuture _ =
          to.write(to.alloc().directBuffer(length).writeBytes(data), to.voidPromise());
      if (!flushing) {
        flushing = true;
        to.eventLoop().execute(flush);
      }
      return length;
    }

    @Override
    public void shutdownOutput() {
      if (channel instanceof EpollSocketChannel socket) {
        socket.flush();
        ChannelFuture _ = socket.shutdownOutput();
      }
    }

    @Override
    public void consumed(int bytes) {
      window += bytes;
      if (channel != null && window >= READ) {
        channel.config().setAutoRead(true);
      }
    }

    @Override
    public void abort() {
      over = true;
      if (channel != null) {
        ChannelFuture _ = channel.close();
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      var bytes = (ByteBuf) message;
      try {
        if (!over) {
          window -= bytes.readableBytes();
          if (window < READ) {
            context.channel().config().setAutoRead(false);
          }
          downstream.data(bytes.nioBuffer());
        }
      } finally {
        bytes.release();
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
      if (refusedSome && context.channel().isWritable()) {
        refusedSome = false;
        downstream.writable();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      if (!over) {
        over = true;
        downstream.end();
        downstream.closed(true);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      ChannelFuture _ = context.close();
    }
  }
}
