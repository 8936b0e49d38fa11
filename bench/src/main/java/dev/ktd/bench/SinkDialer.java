package dev.ktd.bench;

import dev.ktd.relay.Dialer;
import dev.ktd.relay.Downstream;
import dev.ktd.relay.Upstream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/** Opens at once, takes everything and sends nothing; ends when the program has ended. */
public final class SinkDialer implements Dialer {
  @Override
  public Upstream dial(InetSocketAddress destination, Downstream downstream) {
    downstream.opened();
    return new Sink(downstream);
  }

  /** Takes and forgets; ends when the program has ended. */
  public record Sink(Downstream downstream) implements Upstream {
    @Override
    public int write(ByteBuffer data) {
      return data.remaining();
    }

    @Override
    public void shutdownOutput() {
      downstream.end();
      downstream.closed(true);
    }

    @Override
    public void consumed(int bytes) {}

    @Override
    public void abort() {}
  }
}
