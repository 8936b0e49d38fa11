package dev.ktd.carrier;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** An {@link AgentTwin} behind a real port on loopback. Its simulated time goes with the loop's. */
@SuppressWarnings("FutureReturnValueIgnored")
final class AgentPort {
  private final TwinClock clock = new TwinClock();
  private final EventLoop loop;
  private final AgentTwin agent;
  private final Channel listening;

  AgentPort(EventLoop loop, SessionSecret secret) throws InterruptedException {
    this.loop = loop;
    this.agent = new AgentTwin(clock, secret);
    this.listening =
        new ServerBootstrap()
            .group(loop)
            .channel(EpollServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    channel.pipeline().addLast(new Bridge());
                  }
                })
            .bind("127.0.0.1", 0)
            .sync()
            .channel();
    loop.scheduleAtFixedRate(() -> clock.passMillis(1), 1, 1, TimeUnit.MILLISECONDS);
  }

  /** The way there. */
  DirectTcp way() {
    InetSocketAddress at = (InetSocketAddress) listening.localAddress();
    return new DirectTcp(at.getAddress(), at.getPort());
  }

  /** Asks the twin something, or changes it, on its loop. */
  <T> T on(Function<AgentTwin, T> what) throws Exception {
    Callable<T> task = () -> what.apply(agent);
    return loop.submit(task).get(30, TimeUnit.SECONDS);
  }

  /** A socket, and the wire behind it that leads to the twin. */
  private final class Bridge extends ChannelInboundHandlerAdapter {
    private @Nullable TwinWire wire;

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      wire = new TwinWire(clock, agent.conditions, new Back(ctx), agent);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (wire != null) {
        wire.write((ByteBuf) message);
        wire.flush();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      if (wire != null) {
        wire.close();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }

  /** From the twin to the socket. */
  private record Back(ChannelHandlerContext socket) implements Carrier.Listener {
    @Override
    public void ready(Carrier carrier) {}

    @Override
    public void data(ByteBuf data) {
      socket.writeAndFlush(data);
    }

    @Override
    public void readComplete() {}

    @Override
    public void writabilityChanged(boolean writable) {}

    @Override
    public void closed(Throwable why) {
      socket.close();
    }
  }
}
