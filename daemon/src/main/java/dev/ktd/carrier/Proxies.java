package dev.ktd.carrier;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.netty.handler.proxy.HttpProxyHandler;
import io.netty.handler.proxy.ProxyHandler;
import io.netty.handler.proxy.Socks5ProxyHandler;
import java.net.InetSocketAddress;
import java.net.URI;

/** The kinds of proxy a kubeconfig's {@code proxy-url} may name. */
final class Proxies {
  private Proxies() {}

  static ProxyHandler handler(URI proxy, InetSocketAddress address) {
    String user = proxy.getUserInfo() == null ? "" : proxy.getUserInfo();
    int colon = user.indexOf(':');
    String name = colon < 0 ? user : user.substring(0, colon);
    String password = colon < 0 ? "" : user.substring(colon + 1);
    return switch (String.valueOf(proxy.getScheme())) {
      case "http" ->
          user.isEmpty()
              ? new HttpProxyHandler(address)
              : new HttpProxyHandler(address, name, password);
      case "socks5" ->
          user.isEmpty()
              ? new Socks5ProxyHandler(address)
              : new Socks5ProxyHandler(address, name, password);
      default -> throw unsupported(proxy);
    };
  }

  /** Checked before anything is connected. */
  static void check(URI proxy) {
    if (!"http".equals(proxy.getScheme()) && !"socks5".equals(proxy.getScheme())) {
      throw unsupported(proxy);
    }
  }

  private static KtdException unsupported(URI proxy) {
    return new KtdException(
        ErrorCode.KUBECONFIG,
        "the proxy of the cluster has the scheme "
            + proxy.getScheme()
            + "; http and socks5 are understood",
        "Change proxy-url:  kubectl config view --minify");
  }
}
