package dev.ktd.carrier;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.proxy.HttpProxyHandler;
import io.netty.handler.proxy.ProxyHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Connections to an API server, through an HTTP proxy where there is one, up to the upgrade. */
final class ApiConnection {
  private static final int CONNECT_MILLIS = 10_000;
  private static final int HEADER_LIMIT = 16 * 1024;

  private final EventLoop loop;
  private final ApiServer api;
  private final @Nullable SslContext tls;

  ApiConnection(EventLoop loop, ApiServer api, @Nullable SslContext tls) {
    this.loop = loop;
    this.api = api;
    this.tls = tls;
  }

  /**
   * Where to connect to: the server or its proxy. Blocks. Messages show the host only: a proxy's
   * address may hold a password.
   */
  static List<InetSocketAddress> resolve(ApiServer api) {
    URI proxy = api.proxy();
    URI uri = proxy == null ? api.uri() : proxy;
    String host = Failures.host(uri);
    int port = Failures.port(uri);
    try {
      return Arrays.stream(InetAddress.getAllByName(host))
          .map(address -> new InetSocketAddress(address, port))
          .toList();
    } catch (UnknownHostException e) {
      throw new KtdException(
          ErrorCode.UNREACHABLE,
          "the name "
              + host
              + " of the "
              + (proxy == null ? "API server" : "proxy")
              + " cannot be resolved",
          "Check server and proxy-url of the cluster:  kubectl config view --minify",
          e);
    }
  }

  /** Starts to connect to one of the addresses; the rest is told to the upgrade. */
  ChannelFuture connect(
      InetSocketAddress address, UpgradeRequest request, Upgrade.Outcome outcome) {
    InetSocketAddress destination =
        api.proxy() == null
            ? address
            : InetSocketAddress.createUnresolved(
                Failures.host(api.uri()), Failures.port(api.uri()));
    return Sockets.client(loop, CONNECT_MILLIS)
        .handler(
            new ChannelInitializer<SocketChannel>() {
              @Override
              protected void initChannel(SocketChannel channel) {
                fill(channel, address);
                channel.pipeline().addLast(new Upgrade(request, outcome, tls == null));
              }
            })
        .connect(destination);
  }

  private void fill(Channel channel, InetSocketAddress address) {
    if (api.proxy() != null) {
      ProxyHandler proxy = proxy(api.proxy(), address);
      proxy.setConnectTimeoutMillis(CONNECT_MILLIS);
      channel.pipeline().addLast(proxy);
    }
    if (tls != null) {
      String name = api.serverName() == null ? Failures.host(api.uri()) : api.serverName();
      SslHandler handler = tls.newHandler(channel.alloc(), name, Failures.port(api.uri()));
      handler.setHandshakeTimeoutMillis(CONNECT_MILLIS);
      channel.pipeline().addLast(handler);
    }
    channel.pipeline().addLast(new HttpClientCodec(4096, HEADER_LIMIT, 8192));
  }

  private static ProxyHandler proxy(URI proxy, InetSocketAddress address) {
    String user = proxy.getRawUserInfo();
    if (user == null || user.isEmpty()) {
      return new HttpProxyHandler(address);
    }
    // Split before it is decoded: either part may hold an escaped colon.
    int colon = user.indexOf(':');
    return colon < 0
        ? new HttpProxyHandler(address, decoded(user), "")
        : new HttpProxyHandler(
            address, decoded(user.substring(0, colon)), decoded(user.substring(colon + 1)));
  }

  /** A plus sign means itself in user information. */
  private static String decoded(String escaped) {
    return URLDecoder.decode(escaped.replace("+", "%2B"), StandardCharsets.UTF_8);
  }
}
