package dev.ktd.bench.tun;

import dev.ktd.bench.NoDatagrams;
import dev.ktd.os.Cidr;
import dev.ktd.os.TunDevice;
import dev.ktd.os.linux.LinuxHost;
import dev.ktd.relay.Destinations;
import dev.ktd.relay.Dialer;
import dev.ktd.relay.EpollTun;
import dev.ktd.relay.FramePort;
import dev.ktd.relay.TracedPort;
import dev.ktd.relay.TunLoop;
import dev.ktd.stack.StackConfig;
import dev.ktd.stack.UserspaceStack;
import io.netty.channel.IoEventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A TUN device with what ends its flows: ktd's stack and relay, or a {@link Trick}. */
final class Stand implements AutoCloseable {
  static final String DEVICE = "ktdbench";

  /** What the device's routes lead to. */
  static final String NETWORK = "10.43.0.0/16";

  /** One of its addresses. */
  static final String TARGET = "10.43.7.9";

  private static final int MTU = 1500;
  private static final int PATIENCE_SECONDS = 20;

  private final TunDevice device;
  private final FramePort port;
  private final @Nullable TunLoop tunLoop;

  private Stand(TunDevice device, FramePort port, @Nullable TunLoop tunLoop) {
    this.device = device;
    this.port = port;
    this.tunLoop = tunLoop;
  }

  private static TunDevice device(LinuxHost host) {
    TunDevice device = host.openTun(DEVICE, MTU);
    host.routes().apply(DEVICE, List.of(Cidr.parse(NETWORK)));
    return device;
  }

  /** What the daemon has, with {@code dialer} instead of SSH. */
  static Stand ktd(LinuxHost host, IoEventLoop loop, Dialer dialer) throws IOException {
    TunDevice device = device(host);
    TunDevice.Offloads can = device.offloads();
    StackConfig config =
        StackConfig.defaults(MTU, 42)
            .with(
                new StackConfig.Offloads(
                    can.vnetHeader(),
                    can.checksum(),
                    can.tcpSegmentation(),
                    can.udpSegmentation()));
    FramePort port = TracedPort.around(new EpollTun(device), can.vnetHeader());
    var destinations =
        new Destinations(
            Map.of(),
            List.of(Cidr.parse(NETWORK)),
            new Destinations.Via(dialer, new NoDatagrams()));
    var tunLoop =
        new TunLoop(
            loop,
            port,
            destinations,
            (flows, frames) -> new UserspaceStack(config, flows, frames),
            lost -> {
              throw new IllegalStateException("the device is gone", lost);
            });
    await(tunLoop.start());
    return new Stand(device, port, tunLoop);
  }

  /** The ceiling: see {@link Trick}. */
  static Stand trick(LinuxHost host, IoEventLoop loop, boolean sends) throws IOException {
    TunDevice device = device(host);
    var port = new EpollTun(device);
    await(port.start(loop, new Trick(port, sends)));
    return new Stand(device, port, null);
  }

  /** The stack's and the relay's; none of a trick. */
  Map<String, Long> counters() throws IOException {
    return tunLoop == null ? Map.of() : await(tunLoop.status()).counters();
  }

  private static <T> T await(Future<T> done) throws IOException {
    if (!done.awaitUninterruptibly(PATIENCE_SECONDS, TimeUnit.SECONDS) || !done.isSuccess()) {
      throw new IOException("the event loop did not do it", done.cause());
    }
    return done.getNow();
  }

  @Override
  public void close() throws IOException {
    try {
      Future<?> stopped = tunLoop == null ? port.stop() : tunLoop.close();
      await(stopped);
    } finally {
      device.close();
    }
  }
}
