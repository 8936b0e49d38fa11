package dev.ktd.carrier;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.proxy.HttpProxyHandler;
import io.netty.handler.proxy.ProxyHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Opens a {@link Carrier} to a port of a pod through the Kubernetes API: a plain {@code SPDY/3.1}
 * upgrade of {@code POST .../pods/POD/portforward} with one data stream.
 *
 * <p>Names are resolved and the bearer token is fetched on a virtual thread; all the rest, and
 * every call of the listener, is on the given event loop.
 */
public final class PortForward {
  /** Socket queue: small enough that a bulk copy does not hold up a keystroke. */
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(256 * 1024, 512 * 1024);

  private static final int CONNECT_MILLIS = 10_000;
  private static final int OPEN_MILLIS = 30_000;
  private static final int HEADER_LIMIT = 16 * 1024;
  private static final int BODY_LIMIT = 64 * 1024;

  private final EventLoop loop;
  private final PodPort target;
  private final ApiServer api;
  private final SpdyCarrier carrier;

  private PortForward(EventLoop loop, PodPort target, ApiServer api, SpdyCarrier carrier) {
    this.loop = loop;
    this.target = target;
    this.api = api;
    this.carrier = carrier;
  }

  /**
   * Starts to open a carrier. {@link Carrier.Listener#ready} or {@link Carrier.Listener#closed}
   * follows on {@code loop}, never during the call. {@code closed} gets a {@link KtdException}:
   * UNREACHABLE (no connection, no TLS trust), CREDENTIALS (401), FORBIDDEN (403), PROXY (the pod
   * is gone, or what it said on the error stream), TUNNEL (anything else the server did).
   *
   * @param loop an epoll event loop (NIO works as well)
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
    PodPort target = new PodPort(namespace, pod, port);
    SpdyCarrier carrier = new SpdyCarrier(loop, target, listener);
    PortForward opening = new PortForward(loop, target, api, carrier);
    Thread.ofVirtual().name("ktd-open-" + target).start(opening::prepare);
    return carrier;
  }

  /** What has to be known before the loop may connect. */
  private record Plan(
      Deque<InetSocketAddress> addresses,
      @Nullable String token,
      @Nullable SslContext tls,
      boolean proxied) {
    /** Without the token. */
    @Override
    public String toString() {
      return "Plan" + addresses;
    }
  }

  /** On a virtual thread: everything that may block. */
  private void prepare() {
    try {
      String token = token();
      SslContext tls = "https".equals(api.uri().getScheme()) ? ApiTls.context(api) : null;
      URI proxy = api.proxy();
      URI reached = proxy == null ? api.uri() : proxy;
      Deque<InetSocketAddress> addresses = resolve(reached, proxy == null ? "API server" : "proxy");
      Plan plan = new Plan(addresses, token, tls, api.proxy() != null);
      loop.execute(
          () -> {
            carrier.deadline(loop.schedule(this::openTimedOut, OPEN_MILLIS, TimeUnit.MILLISECONDS));
            connect(plan);
          });
    } catch (RuntimeException | LinkageError e) { // the latter from a native TLS that half loads
      loop.execute(() -> carrier.finish(Failures.opening(api, target, e)));
    }
  }

  private @Nullable String token() {
    try {
      return api.bearerToken().get();
    } catch (KtdException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new KtdException(
          ErrorCode.CREDENTIALS,
          "no token for the API server " + Failures.hostPort(api.uri()) + ": " + e.getMessage(),
          "Check with:  kubectl auth whoami",
          e);
    }
  }

  /** Messages show the host only: a proxy's address may hold a password. */
  private static Deque<InetSocketAddress> resolve(URI uri, String whose) {
    String host = Failures.host(uri);
    int port = Failures.port(uri);
    try {
      Deque<InetSocketAddress> all = new ArrayDeque<>();
      for (InetAddress address : InetAddress.getAllByName(host)) {
        all.add(new InetSocketAddress(address, port));
      }
      return all;
    } catch (UnknownHostException e) {
      throw new KtdException(
          ErrorCode.UNREACHABLE,
          "the name " + host + " of the " + whose + " cannot be resolved",
          "Check server and proxy-url of the cluster:  kubectl config view --minify",
          e);
    }
  }

  private void openTimedOut() {
    if (!carrier.isReady()) {
      carrier.finish(
          new KtdException(
              ErrorCode.UNREACHABLE,
              "no port-forward to "
                  + target
                  + " through "
                  + Failures.hostPort(api.uri())
                  + " within "
                  + OPEN_MILLIS / 1000
                  + " s",
              "Check the API server:  kubectl get --raw /readyz"));
    }
  }

  /** On the loop: tries the addresses one after the other. */
  private void connect(Plan plan) {
    InetSocketAddress address = plan.addresses().poll();
    if (address == null || carrier.isFinished()) {
      return;
    }
    boolean epoll = loop instanceof IoEventLoopGroup group && group.isIoType(EpollIoHandler.class);
    InetSocketAddress destination =
        plan.proxied()
            ? InetSocketAddress.createUnresolved(Failures.host(api.uri()), Failures.port(api.uri()))
            : address;
    ChannelFuture connected =
        new Bootstrap()
            .group(loop)
            .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.SO_KEEPALIVE, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
            .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
            .disableResolver()
            .handler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    fill(channel, plan, address);
                  }
                })
            .connect(destination);
    carrier.attach(connected.channel());
    connected.addListener(
        (ChannelFuture done) -> {
          if (done.isSuccess()) {
            return;
          }
          if (plan.addresses().isEmpty()) {
            carrier.finish(Failures.opening(api, target, done.cause()));
          } else {
            connect(plan);
          }
        });
  }

  private static ProxyHandler proxy(URI proxy, InetSocketAddress address) {
    String user = proxy.getUserInfo();
    if (user == null || user.isEmpty()) {
      return new HttpProxyHandler(address);
    }
    int colon = user.indexOf(':');
    return colon < 0
        ? new HttpProxyHandler(address, user, "")
        : new HttpProxyHandler(address, user.substring(0, colon), user.substring(colon + 1));
  }

  private void fill(Channel channel, Plan plan, InetSocketAddress address) {
    if (api.proxy() != null) {
      ProxyHandler proxy = proxy(api.proxy(), address);
      proxy.setConnectTimeoutMillis(CONNECT_MILLIS);
      channel.pipeline().addLast(proxy);
    }
    SslContext tls = plan.tls();
    if (tls != null) {
      String name = api.serverName() == null ? Failures.host(api.uri()) : api.serverName();
      SslHandler handler = tls.newHandler(channel.alloc(), name, Failures.port(api.uri()));
      handler.setHandshakeTimeoutMillis(CONNECT_MILLIS);
      channel.pipeline().addLast(handler);
    }
    channel
        .pipeline()
        .addLast(
            new HttpClientCodec(4096, HEADER_LIMIT, 8192),
            new HttpObjectAggregator(BODY_LIMIT),
            new Upgrade(api, target, plan.token(), carrier, tls == null));
  }
}
