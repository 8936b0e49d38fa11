package dev.ktd.carrier;

import io.netty.channel.EventLoop;

/**
 * Opens a {@link Carrier} to a port of a pod through the Kubernetes API: a plain {@code SPDY/3.1}
 * upgrade of {@code POST .../pods/POD/portforward} with one data stream.
 *
 * <p>Names are resolved and the bearer token is fetched on a virtual thread; all the rest, and
 * every call of the listener, is on the given event loop (epoll).
 */
@SuppressWarnings("DoNotCallSuggester")
public final class PortForward {
  private PortForward() {}

  /**
   * Starts to open a carrier. {@link Carrier.Listener#ready} or {@link Carrier.Listener#closed}
   * follows on {@code loop}, never during the call. {@code closed} gets a {@link
   * dev.ktd.error.KtdException}: UNREACHABLE (no connection, no TLS trust), CREDENTIALS (401),
   * FORBIDDEN (403), PROXY (the pod is gone, or what it said on the error stream), TUNNEL (anything
   * else the server did).
   *
   * @param port port inside the pod, 1 to 65535
   * @return the carrier; before {@code ready} only {@link Carrier#close} may be called
   */
  public static Carrier open(
      EventLoop loop,
      ApiServer api,
      String namespace,
      String pod,
      int port,
      Carrier.Listener listener) {
    throw new UnsupportedOperationException("not yet");
  }
}
