package dev.ktd.bench.tun;

import dev.ktd.bench.figures.Results;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.net.InetSocketAddress;
import java.util.Map;

/**
 * One byte there and back, through device, stack and relay, beside a loopback connection to an echo
 * on the same event loop. What ktd adds is the difference.
 */
final class Latency {
  private static final String[] NAMES = {"p50", "p90", "p99", "p99.9", "max"};

  private final Lab lab;

  Latency(Lab lab) {
    this.lab = lab;
  }

  void run() throws Exception {
    Channel echo = echo();
    try {
      int port = ((InetSocketAddress) echo.localAddress()).getPort();
      for (int round = 0; round < lab.options.rounds(); round++) {
        int now = round;
        lab.measured(
            round,
            "round trip loopback, p50",
            "us",
            Stand.DEVICE,
            new java.util.LinkedHashMap<>(),
            details -> pingPong(now, "loopback", "127.0.0.1", port, details));
        lab.round(
            round,
            "round trip ktd, p50",
            "us",
            () -> Stand.ktd(lab.host, lab.loop, new InProcess(lab.loop)),
            details -> pingPong(now, "ktd", Stand.TARGET, InProcess.ECHO, details));
      }
    } finally {
      echo.close().sync();
    }
  }

  private Lab.Taken pingPong(
      int round, String who, String address, int port, Map<String, Object> details)
      throws Exception {
    int count = lab.options.quick() ? 2_000 : 40_000;
    long[] nanos =
        lab.program.ask("pingpong %s %d %d %d".formatted(address, port, count / 4, count));
    for (int i = 0; i < NAMES.length; i++) {
      details.put(NAMES[i], nanos[i] / 1e3);
    }
    for (int i = 2; i <= 3; i++) {
      lab.results.add(
          "round trip %s, %s".formatted(who, NAMES[i]),
          "us",
          new Results.Round(round, nanos[i] / 1e3, Map.of(), ""));
    }
    return new Lab.Taken(nanos[0] / 1e3, 0);
  }

  private Channel echo() throws InterruptedException {
    return new ServerBootstrap()
        .group(lab.loop)
        .channel(EpollServerSocketChannel.class)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.pipeline().addLast(new Echo());
              }
            })
        .bind("127.0.0.1", 0)
        .sync()
        .channel();
  }

  private static final class Echo extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ChannelFuture _ = context.writeAndFlush(message, context.voidPromise());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      ChannelFuture _ = context.close(); // The program ends by a reset.
    }
  }
}
