package dev.ktd.relay;

import dev.ktd.os.Cidr;
import dev.ktd.os.Journal;
import dev.ktd.os.TunDevice;
import dev.ktd.os.linux.LinuxHost;
import dev.ktd.os.linux.Netns;
import dev.ktd.stack.StackConfig;
import dev.ktd.stack.WatchedStack;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * A stack on a real TUN device in a namespace of its own, with an {@link EchoFarSide} behind it,
 * for all tests with the kernel's TCP.
 *
 * <pre>
 *   namespace ktd-PURPOSE-PID                   this process
 *   Java sockets, ping ... kernel --- ktd0 ===  EpollTun - (port) - TunLoop - UserspaceStack - Relay
 *                          198.18.0.1           10.43.0.0/16, fd00:43::/112
 * </pre>
 *
 * 10.44.0.0/16 is routed into the device as well, but leads nowhere.
 */
final class KernelRig implements AutoCloseable {
  private static final List<Cidr> NETWORKS =
      List.of(Cidr.parse("10.43.0.0/16"), Cidr.parse("fd00:43::/112"));

  private static final Cidr NOWHERE = Cidr.parse("10.44.0.0/16");

  private final Netns namespace;
  private final MultiThreadIoEventLoopGroup group;
  private final TunDevice tun;
  private final StackConfig config;
  private final TunLoop tunLoop;
  private final CompletableFuture<IOException> lost = new CompletableFuture<>();

  /** What ends TCP connections, on this loop; {@code echo} ends all else. */
  interface FarSide {
    Dialer on(Executor loop, EchoFarSide echo);
  }

  /**
   * Opens it; skips the test without root.
   *
   * @param most what the device is asked for
   * @param decorated what stands between the device and the stack
   * @param farSide where connections lead to
   */
  KernelRig(
      String purpose,
      Path state,
      TunDevice.Offloads most,
      UnaryOperator<FramePort> decorated,
      FarSide farSide)
      throws Exception {
    namespace = Netns.forTest(purpose);
    var host = new LinuxHost(new Journal(state));
    tun =
        namespace.inside(
            () -> {
              TunDevice made = host.openTun("ktd0", 1500, most);
              List<Cidr> routes = new ArrayList<>(NETWORKS);
              routes.add(NOWHERE);
              host.routes().apply("ktd0", routes);
              return made;
            });
    group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    IoEventLoop loop = group.next();
    var echo = new EchoFarSide(loop);
    Dialer dialer = farSide.on(loop, echo);
    TunDevice.Offloads can = tun.offloads();
    config =
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
            new Destinations(Map.of(), NETWORKS, new Destinations.Via(dialer, echo)),
            (flows, frames) -> WatchedStack.of(config, flows, frames),
            lost::complete);
    tunLoop.start().sync();
  }

  /** The same with an {@link EchoFarSide}. */
  KernelRig(String purpose, Path state, TunDevice.Offloads most, UnaryOperator<FramePort> decorated)
      throws Exception {
    this(purpose, state, most, decorated, (loop, echo) -> echo);
  }

  <T> T inside(Callable<T> work) throws Exception {
    return namespace.inside(work);
  }

  /** What the stack was made with. */
  StackConfig config() {
    return config;
  }

  /** Completed when the device is gone. */
  CompletableFuture<IOException> lost() {
    return lost;
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
