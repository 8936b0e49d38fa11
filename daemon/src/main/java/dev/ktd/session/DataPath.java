package dev.ktd.session;

import dev.ktd.dns.ClusterResolver;
import dev.ktd.dns.DnsServer;
import dev.ktd.dns.HostServers;
import dev.ktd.dns.SplitRules;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.Cidr;
import dev.ktd.os.Host;
import dev.ktd.os.TunDevice;
import dev.ktd.relay.Destinations;
import dev.ktd.relay.EpollTun;
import dev.ktd.relay.TracedPort;
import dev.ktd.relay.TunLoop;
import dev.ktd.stack.StackConfig;
import dev.ktd.stack.UserspaceStack;
import io.netty.channel.IoEventLoop;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From the TUN device to the tunnel: device, stack, relay and the resolver on its virtual address.
 * Made and closed on virtual threads; what flows is the event loop's.
 */
final class DataPath {
  private static final Logger LOG = LoggerFactory.getLogger(DataPath.class);

  static final String DEVICE = "ktd0";

  /** Where our resolver answers, inside the device: RFC 2544's range, never a real network's. */
  static final InetAddress RESOLVER = InetAddress.ofLiteral("198.18.0.53");

  private static final int MTU = 1500;
  private static final long PATIENCE_SECONDS = 10;

  private final TunDevice device;
  private final TunLoop loop;
  private final DnsServer dns;
  private final NameSetup names;
  private final ClusterResolver cluster;

  private DataPath(
      TunDevice device, TunLoop loop, DnsServer dns, NameSetup names, ClusterResolver cluster) {
    this.device = device;
    this.loop = loop;
    this.dns = dns;
    this.names = names;
    this.cluster = cluster;
  }

  /**
   * Makes the device and starts to serve it. No route leads into it yet but the resolver's.
   *
   * @param networks what the relay lets into the tunnel
   * @throws KtdException TUN or PERMISSION
   */
  static DataPath open(IoEventLoop eventLoop, Host host, Tunnel tunnel, List<Cidr> networks)
      throws InterruptedException {
    TunDevice device = host.openTun(DEVICE, MTU);
    DataPath path;
    try {
      path = assemble(device, eventLoop, host, tunnel, networks);
    } catch (RuntimeException | Error e) {
      device.close();
      throw e;
    }
    try {
      await(path.loop.start(), "start");
    } catch (RuntimeException | InterruptedException e) {
      path.close();
      throw e;
    }
    return path;
  }

  private static DataPath assemble(
      TunDevice device, IoEventLoop eventLoop, Host host, Tunnel tunnel, List<Cidr> networks) {
    ClusterResolver cluster = new ClusterResolver(tunnel, eventLoop, System::nanoTime);
    HostServers hostServers = new HostServers(eventLoop, Set.of(RESOLVER));
    DnsServer dns =
        new DnsServer(
            new SplitRules(List.of("cluster.local"), Set.of(), List.of(), networks),
            cluster,
            hostServers,
            eventLoop);
    TunDevice.Offloads offloads = device.offloads();
    StackConfig config =
        StackConfig.defaults(MTU, new SecureRandom().nextLong())
            .with(
                new StackConfig.Offloads(
                    offloads.vnetHeader(),
                    offloads.checksum(),
                    offloads.tcpSegmentation(),
                    offloads.udpSegmentation()));
    Destinations destinations =
        new Destinations(
            Map.of(RESOLVER, new Destinations.Via(dns, dns)),
            networks,
            new Destinations.Via(tunnel, tunnel));
    TunLoop loop =
        new TunLoop(
            eventLoop,
            TracedPort.around(new EpollTun(device), offloads.vnetHeader()),
            destinations,
            (flows, frames) -> new UserspaceStack(config, flows, frames),
            lost -> LOG.error("the device {} is gone; ktd down and up make it anew", DEVICE, lost));
    return new DataPath(device, loop, dns, new NameSetup(host, cluster, hostServers, dns), cluster);
  }

  String device() {
    return device.name();
  }

  NameSetup names() {
    return names;
  }

  ClusterResolver cluster() {
    return cluster;
  }

  /** The flows now; null when the loop does not answer in time, or has ended. */
  TunLoop.@Nullable Status status() {
    try {
      Future<TunLoop.Status> status = loop.status();
      return status.await(2, TimeUnit.SECONDS) ? status.getNow() : null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    } catch (RejectedExecutionException _) {
      return null; // the session has just ended
    }
  }

  /** Resets every flow and removes the device, and with it the kernel's routes into it. */
  void close() throws InterruptedException {
    try {
      await(loop.close(), "stop");
    } finally {
      dns.close();
      device.close();
    }
  }

  private static void await(Future<?> done, String what) throws InterruptedException {
    if (!done.await(PATIENCE_SECONDS, TimeUnit.SECONDS) || !done.isSuccess()) {
      throw new KtdException(
          ErrorCode.TUN,
          "the event loop did not " + what + " serving " + DEVICE,
          null,
          done.cause());
    }
  }
}
