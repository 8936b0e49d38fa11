package dev.ktd.relay;

import java.net.InetSocketAddress;

/** Opens the far side of TCP flows. Everything on the relay's event loop. */
public interface Dialer {
  /**
   * Starts to open a stream. Exactly one of {@link Downstream#opened} and {@link Downstream#failed}
   * follows, possibly during the call, unless {@link Upstream#abort} came first.
   */
  Upstream dial(InetSocketAddress destination, Downstream downstream);
}
