package dev.ktd.carrier;

import dev.ktd.error.KtdException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Opens {@link Carrier}s by TCP to the agent's port itself, without the API server. No TLS is
 * around them: the handshake's proofs guard the door, and SSH what follows (docs/adr/0016).
 */
// What follows a failed connect is told by the carrier.
@SuppressWarnings("FutureReturnValueIgnored")
public final class DirectTcp implements CarrierOpener {
  private static final int CONNECT_MILLIS = 10_000;

  private final InetSocketAddress agent;

  /**
   * @param address of the pod, as this machine reaches it
   * @param port 1 to 65535
   */
  public DirectTcp(InetAddress address, int port) {
    this.agent = new InetSocketAddress(address, port);
  }

  /**
   * {@inheritDoc}
   *
   * <p>{@code closed} gets a {@link KtdException} with TUNNEL, or NOT_CONNECTED when it was closed
   * here.
   *
   * @param loop an epoll event loop (NIO works as well)
   */
  @Override
  public Carrier open(EventLoop loop, Carrier.Listener listener) {
    FramedCarrier carrier = new FramedCarrier(loop, new Told(agent), listener);
    loop.execute(() -> connect(loop, carrier));
    return carrier;
  }

  private void connect(EventLoop loop, FramedCarrier carrier) {
    if (carrier.isFinished()) {
      return;
    }
    ChannelFuture connected =
        Sockets.client(loop, CONNECT_MILLIS).handler(carrier.reader()).connect(agent);
    carrier.attach(connected.channel());
    connected.addListener(
        (ChannelFuture done) -> {
          if (done.isSuccess()) {
            carrier.start(new NoFraming(), new RawMessages());
          } else {
            carrier.finish(Failures.noDirectWay(agent, done.cause()));
          }
        });
  }

  @Override
  public String toString() {
    return "TCP to " + Failures.hostPort(agent);
  }

  /** What a carrier is called. What becomes of it is no matter: this opener knows one way only. */
  private record Told(InetSocketAddress agent) implements FramedCarrier.Opener {
    @Override
    public String path() {
      return "direct";
    }

    @Override
    public String protocol() {
      return "TCP";
    }

    @Override
    public KtdException ended(String said, @Nullable Throwable cause) {
      return Failures.directEnded(agent, cause);
    }

    @Override
    public KtdException malformed(String what) {
      throw new IllegalStateException(what); // bytes without framing are never malformed
    }

    @Override
    public void carried() {}

    @Override
    public void abandoned() {}

    @Override
    public void finished() {}
  }
}
