package dev.ktd.carrier;

import dev.ktd.error.KtdException;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslProvider;

/**
 * Opens {@link Carrier}s to a port of a pod through the Kubernetes API. The protocol is the first
 * of {@link ForwardProtocol} that the API server, and what lies before it, lets through; {@link
 * ProtocolMemory} keeps it.
 */
public final class PortForward implements CarrierOpener {
  private final ApiServer api;
  private final PodPort target;
  private final ProtocolMemory memory;
  private final SslProvider tls;

  /**
   * @param port inside the pod, 1 to 65535
   * @param memory what earlier openings have shown; shared by all
   */
  public PortForward(ApiServer api, String namespace, String pod, int port, ProtocolMemory memory) {
    this(
        api,
        namespace,
        pod,
        port,
        memory,
        OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK);
  }

  PortForward(
      ApiServer api,
      String namespace,
      String pod,
      int port,
      ProtocolMemory memory,
      SslProvider tls) {
    this.api = api;
    this.target = new PodPort(namespace, pod, port);
    this.memory = memory;
    this.tls = tls;
  }

  /**
   * {@inheritDoc}
   *
   * <p>{@code closed} gets a {@link KtdException}: UNREACHABLE (no connection, no TLS trust),
   * CREDENTIALS (401), FORBIDDEN (403), PROXY (the pod is gone, or what it said on the error
   * stream), TUNNEL (anything else the server did, in all protocols).
   *
   * @param loop an epoll event loop (NIO works as well)
   */
  @Override
  public Carrier open(EventLoop loop, Carrier.Listener listener) {
    return new ForwardOpening(loop, api, target, memory, tls, listener).start();
  }
}
