package dev.ktd.ssh;

import dev.ktd.relay.DialFailure;
import dev.ktd.relay.Dialer;
import dev.ktd.relay.Downstream;
import dev.ktd.relay.NoUpstream;
import dev.ktd.relay.Upstream;
import java.net.InetSocketAddress;

/** Opens TCP flows in the cluster as channels of one transport. On the event loop. */
final class SshDialer implements Dialer {
  private final SshTransport transport;
  private final long openTimeoutMillis;

  SshDialer(SshTransport transport, long openTimeoutMillis) {
    this.transport = transport;
    this.openTimeoutMillis = openTimeoutMillis;
  }

  @Override
  public Upstream dial(InetSocketAddress destination, Downstream downstream) {
    DirectChannel channel = new DirectChannel(transport, destination, downstream);
    if (!transport.register(channel)) {
      downstream.failed(DialFailure.NO_TUNNEL);
      return new NoUpstream();
    }
    channel.request(openTimeoutMillis);
    return channel;
  }
}
