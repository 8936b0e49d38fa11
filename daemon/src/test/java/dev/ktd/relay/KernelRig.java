package dev.ktd.relay;

import dev.ktd.os.Cidr;
import dev.ktd.os.Journal;
import dev.ktd.os.TunDevice;
import dev.ktd.os.linux.LinuxHost;
import dev.ktd.os.linux.Netns;
import dev.ktd.stack.StackConfig;
import dev.ktd.stack.UserspaceStack;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * A stack on a real TUN device in a namespace of its own, with an {@link EchoFarSide} behind it.
 *
 * <pre>
 *   namespace ktd-PURPOSE-PID                   this process
 *   Java sockets, ping ... kernel --- ktd0 ===  EpollTun - (port) - TunLoop - UserspaceStack - Relay
 *                          198.18.0.1           10.43.0.0/16, fd00:43::/112
 * </pre>
 */
final class KernelRig implements AutoCloseable {
  private static final List<Cidr> NETWORKS =
      List.of(Cidr.parse("10.43.0.0/16"), Cidr.parse("fd00:43::/112"));

  private final Netns namespace;
  private final MultiThreadIoEventLoopGroup group;
  private final TunDevice tun;
  private final TunLoop tunLoop;
  private final CompletableFuture<IOException> lost = new CompletableFuture<>();

  /**
   * Opens it; skips the test without root.
   *
   * @param most what the device is asked for
   * @param decorated what stands between the device and the stack
   */
  KernelRig(String purpose, Path state, TunDevice.Offloads most, UnaryOperator<FramePort> decorated)
      throws Exception {
    namespace = Netns.forTest(purpose);
    var host = new LinuxHost(new Journal(state));
    tun =
        namespace.inside(
            () -> {
              TunDevice made = host.openTun("ktd0", 1500, most);
              host.routes().apply("ktd0", NETWORKS);
              return made;
            });
    group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    IoEventLoop loop = group.next();
    var farSide = new EchoFarSide(loop);
    TunDevice.Offloads can = tun.offloads();
    StackConfig config =
        StackConfig.defaults(tun.mtu(), 42)
            .with(
                new StackConfig.Offloads(
                    can.vnetHeader(),
                    can.checksum(),
                    can.tcpSegmentation(),
                    can.udpSegmentation()));
    tunLoop =
        new TunLoop(
            loop,
            decorated.apply(new EpollTun(tun)),
            new Destinations(Map.of(), NETWORKS, new Destinations.Via(farSide, farSide)),
            (flows, frames) -> new UserspaceStack(config, flows, frames),
            lost::complete);
    tunLoop.start().sync();
  }

  <T> T inside(Callable<T> work) throws Exception {
    return namespace.inside(work);
  }

  /** The stack's and the port's counters, now. */
  Map<String, Long> counters() throws Exception {
    return tunLoop.status().get().counters();
  }

  /** Stops reading: from here on nothing happens in the stack. */
  void stop() {
    tunLoop.close().syncUninterruptibly();
  }

  @Override
  public void close() {
    stop();
    tun.close();
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    namespace.close();
  }
}
