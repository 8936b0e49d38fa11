package dev.ktd.dns;

import dev.ktd.relay.Dialer;
import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;

/**
 * Asks the cluster's DNS servers by TCP through the tunnel. Everything on the relay's event loop,
 * except what says otherwise.
 */
public final class ClusterResolver implements AutoCloseable {
  /**
   * @param dialer opens streams into the cluster
   * @param loop the relay's event loop, for timers
   * @param nanos monotonic clock of the cache, e.g. {@code System::nanoTime}
   */
  public ClusterResolver(Dialer dialer, ScheduledExecutorService loop, LongSupplier nanos) {}

  /**
   * The cluster's DNS servers, in order, as the proxy pod knows them. Any thread. None at first:
   * until then every question is answered with SERVFAIL.
   */
  public void servers(List<InetAddress> servers) {}

  /**
   * Says whether there is a tunnel. Any thread. Without one every question, also those under way,
   * is answered with SERVFAIL at once, and the cache is forgotten. True at first.
   */
  public void tunnel(boolean up) {}

  /**
   * The addresses (A and AAAA) of a full name, asked as a local program's question would be. Any
   * thread. Empty when the name does not exist or has none; fails with KtdException DNS when no
   * server answered.
   */
  public CompletableFuture<List<InetAddress>> addresses(String name) {
    return new CompletableFuture<>();
  }

  /** Ends connections and questions under way. Any thread. */
  @Override
  public void close() {}
}
