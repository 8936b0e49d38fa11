package dev.ktd.dns;

import dev.ktd.relay.Datagrams;
import dev.ktd.relay.Dialer;
import dev.ktd.relay.Downstream;
import dev.ktd.relay.Upstream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.ScheduledExecutorService;

/**
 * ktd's resolver, as one more destination of the stack: port 53 of the virtual address, UDP and
 * TCP. Any other port is refused; a ping is answered. Everything on the relay's event loop, except
 * what says otherwise.
 */
public final class DnsServer implements Dialer, Datagrams, AutoCloseable {
  public DnsServer(
      SplitRules rules, ClusterResolver cluster, HostServers host, ScheduledExecutorService loop) {}

  /** Decides by other rules from now on. Any thread. */
  public void rules(SplitRules rules) {}

  /** What happened so far. Any thread. */
  public DnsCounters counters() {
    return new DnsCounters(0, 0, 0, 0, 0, 0);
  }

  @Override
  public Upstream dial(InetSocketAddress destination, Downstream downstream) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Association open(InetSocketAddress destination, Replies replies) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void echo(InetAddress destination, ByteBuffer payload, EchoAnswer answer) {}

  /** Ends the cluster resolver and the host's servers too. Any thread. */
  @Override
  public void close() {}
}
