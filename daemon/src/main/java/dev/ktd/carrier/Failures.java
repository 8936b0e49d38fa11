package dev.ktd.carrier;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.proxy.ProxyConnectException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.URI;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.util.List;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Says in words what went wrong on the way to the API server and the pod. */
final class Failures {
  private static final String CHECK = "Check the API server:  kubectl get --raw /readyz";

  private Failures() {}

  /** Host of a URI, an IPv6 literal without its brackets. */
  static String host(URI uri) {
    String host = uri.getHost();
    if (host == null) {
      throw new KtdException(
          ErrorCode.KUBECONFIG,
          "the address of the API server or of its proxy names no host",
          "Check server and proxy-url of the cluster:  kubectl config view --minify");
    }
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }

  /** Port of a URI, else the scheme's own. */
  static int port(URI uri) {
    if (uri.getPort() > 0) {
      return uri.getPort();
    }
    return "https".equals(uri.getScheme()) ? 443 : 80;
  }

  /** {@code host:port}, an IPv6 literal in brackets. */
  static String hostPort(URI uri) {
    return hostPort(host(uri), port(uri));
  }

  /** The same of an address. */
  static String hostPort(InetSocketAddress address) {
    return hostPort(address.getAddress().getHostAddress(), address.getPort());
  }

  private static String hostPort(String host, int port) {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }

  /** Why the way to the API server could not be opened. */
  static KtdException opening(ApiServer api, PodPort target, @Nullable Throwable cause) {
    if (cause instanceof KtdException known) {
      return known;
    }
    String server = hostPort(api.uri());
    Throwable refused = causeOf(cause, ProxyConnectException.class);
    if (refused != null) {
      return new KtdException(
          ErrorCode.UNREACHABLE,
          "the proxy "
              + (api.proxy() == null ? "" : hostPort(api.proxy()))
              + " gives no way to the API server "
              + server
              + ": "
              + refused.getMessage(),
          "Check proxy-url of the cluster, or HTTPS_PROXY:  kubectl config view --minify",
          cause);
    }
    Throwable distrust = distrust(cause);
    if (distrust != null) {
      return new KtdException(
          ErrorCode.UNREACHABLE,
          "the certificate of the API server " + server + " is not trusted: " + words(distrust),
          "Check certificate-authority and tls-server-name of the cluster:  kubectl config view"
              + " --minify",
          cause);
    }
    Throwable tls = causeOf(cause, SSLException.class);
    if (tls != null) {
      return new KtdException(
          ErrorCode.UNREACHABLE,
          "no TLS connection to the API server " + server + ": " + words(tls),
          CHECK,
          cause);
    }
    return new KtdException(
        ErrorCode.UNREACHABLE,
        "the API server " + server + " cannot be reached for " + target + ": " + network(cause),
        CHECK,
        cause);
  }

  /** What a refusal of the upgrade means. */
  static KtdException refused(
      ApiServer api, PodPort target, ForwardProtocol protocol, Refusal refusal) {
    String server = hostPort(api.uri());
    String message = refusal.message();
    int code = refusal.status().code();
    String said = message == null ? refusal.status().toString() : message + " (" + code + ")";
    if (refusal.isOfProtocol()) {
      return new KtdException(
          ErrorCode.TUNNEL,
          "the API server " + server + " gives no port-forward to " + target + ": " + said,
          "Check:  kubectl -n "
              + target.namespace()
              + " port-forward pod/"
              + target.pod()
              + " "
              + target.port());
    }
    return switch (code) {
      case 401 ->
          new KtdException(
              ErrorCode.CREDENTIALS,
              "the API server " + server + " does not accept the credentials: " + said,
              "Check with:  kubectl auth whoami");
      case 403 ->
          new KtdException(
              ErrorCode.FORBIDDEN,
              "no port-forward to " + target + ": " + said,
              "Ask for the verb "
                  + protocol.verb()
                  + " of pods/portforward. To check:  kubectl -n "
                  + target.namespace()
                  + " auth can-i "
                  + protocol.verb()
                  + " pods --subresource=portforward");
      case 404 ->
          new KtdException(
              ErrorCode.PROXY,
              "the pod of " + target + " is gone: " + said,
              "Connect again:  ktd up");
      default ->
          new KtdException(
              ErrorCode.TUNNEL,
              "the API server " + server + " gives no port-forward to " + target + ": " + said,
              CHECK);
    };
  }

  static KtdException tooLate(ApiServer api, PodPort target, int seconds) {
    return new KtdException(
        ErrorCode.UNREACHABLE,
        "no port-forward to "
            + target
            + " through "
            + hostPort(api.uri())
            + " within "
            + seconds
            + " s",
        CHECK);
  }

  /** An established port-forward ended. */
  static KtdException ended(PodPort target, String errorStream, @Nullable Throwable cause) {
    String why = errorStream.isEmpty() ? "the connection ended" : errorStream;
    if (cause != null) {
      why = words(cause);
    }
    return new KtdException(
        ErrorCode.PROXY,
        "the port-forward to " + target + " ended: " + why,
        "See the pod:  kubectl -n " + target.namespace() + " get pod " + target.pod(),
        cause);
  }

  /** The agent could not be reached by its pod's address. */
  static KtdException noDirectWay(InetSocketAddress agent, @Nullable Throwable cause) {
    return new KtdException(
        ErrorCode.TUNNEL,
        "no direct way to the proxy pod at " + hostPort(agent) + ": " + network(cause),
        null,
        cause);
  }

  /** An established direct connection ended. */
  static KtdException directEnded(InetSocketAddress agent, @Nullable Throwable cause) {
    return new KtdException(
        ErrorCode.TUNNEL,
        "the direct connection to the proxy pod at "
            + hostPort(agent)
            + " ended"
            + (cause == null ? "" : ": " + words(cause)),
        null,
        cause);
  }

  static KtdException protocol(PodPort target, String what) {
    return new KtdException(
        ErrorCode.TUNNEL, "the port-forward to " + target + " makes no sense: " + what, CHECK);
  }

  private static @Nullable Throwable distrust(@Nullable Throwable cause) {
    for (Class<? extends Throwable> kind :
        List.of(
            CertPathValidatorException.class,
            CertPathBuilderException.class,
            CertificateException.class)) {
      Throwable found = causeOf(cause, kind);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  private static @Nullable Throwable causeOf(
      @Nullable Throwable failure, Class<? extends Throwable> kind) {
    Throwable at = failure;
    for (int depth = 0; at != null && depth < 16; depth++) {
      if (kind.isInstance(at)) {
        return at;
      }
      at = at.getCause();
    }
    return null;
  }

  private static String network(@Nullable Throwable cause) {
    return switch (cause) {
      case ConnectTimeoutException _ -> "no answer";
      case NoRouteToHostException _ -> "no route to host";
      case ConnectException refused when String.valueOf(refused.getMessage()).contains("refused") ->
          "connection refused";
      case null, default -> words(cause);
    };
  }

  private static String words(@Nullable Throwable cause) {
    if (cause == null) {
      return "unknown";
    }
    return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
  }
}
