package dev.ktd.ssh;

import dev.ktd.relay.DialFailure;
import dev.ktd.relay.Dialer;
import dev.ktd.relay.Downstream;
import dev.ktd.relay.Upstream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

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
      return new Nowhere();
    }
    channel.request(openTimeoutMillis);
    return channel;
  }

  /** The far side of a flow that failed at once. */
  private static final class Nowhere implements Upstream {
    @Override
    public int write(ByteBuffer data) {
      return 0;
    }

    @Override
    public void shutdownOutput() {}

    @Override
    public void consumed(int bytes) {}

    @Override
    public void abort() {}
  }
}
