package dev.ktd.k8s;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.NoRouteToHostException;
import java.net.URI;
import java.net.UnknownHostException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Turns what fabric8 throws into what a person needs to know. */
final class ApiErrors {
  /** As the API server's authorizer writes it. */
  private static final Pattern FORBIDDEN =
      Pattern.compile(
          "User \"(?<user>[^\"]*)\" cannot (?<verb>\\S+) resource \"(?<resource>[^\"]*)\""
              + " in API group \"(?<group>[^\"]*)\""
              + "(?: in the namespace \"(?<namespace>[^\"]*)\"| (?<cluster>at the cluster scope))?");

  private static final Set<Integer> AUTHORIZATION = Set.of(401, 403);

  private final KubeContext context;
  private final URI uri;

  /** In front of the server, or null. */
  private final @Nullable URI proxy;

  private final Credentials credentials;

  ApiErrors(KubeContext context, Endpoint endpoint, Credentials credentials) {
    this.context = context;
    this.uri = endpoint.uri();
    this.proxy = endpoint.proxy();
    this.credentials = credentials;
  }

  /** True when the server answered that there is no such object or resource. */
  static boolean notFound(KubernetesClientException e) {
    return e.getCode() == 404;
  }

  /** True when the server answered 401 or 403. */
  static boolean refused(KubernetesClientException e) {
    return AUTHORIZATION.contains(e.getCode());
  }

  /**
   * The failure in a person's words.
   *
   * @param doing what was tried, e.g. {@code create the proxy's Job}
   */
  KtdException translate(String doing, RuntimeException failure) {
    for (Throwable e = failure; e != null; e = e.getCause()) {
      if (e instanceof KtdException known) {
        return known;
      }
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
        return new KtdException(ErrorCode.INTERRUPTED, "interrupted.", null, failure);
      }
    }
    // Without an answer fabric8 says 0 or -1.
    int code = failure instanceof KubernetesClientException api ? Math.max(0, api.getCode()) : 0;
    return switch (code) {
      case 401 -> {
        credentials.forget();
        yield new KtdException(
            ErrorCode.CREDENTIALS,
            server()
                + " does not accept the credentials of the user "
                + Kubeconfig.quoted(context.userEntry())
                + ": "
                + serverText(failure)
                + ".",
            credentials.renewalHint(),
            failure);
      }
      case 403 ->
          new KtdException(
              ErrorCode.FORBIDDEN,
              forbidden(serverText(failure)),
              "Ask an administrator of the cluster for this right.",
              failure);
      case 0 -> unreachable(failure);
      default ->
          new KtdException(
              ErrorCode.UNREACHABLE,
              server() + " failed to " + doing + ": " + serverText(failure) + " (" + code + ").",
              "Check:  kubectl --context "
                  + Kubeconfig.shellWord(context.name())
                  + " get --raw /readyz",
              failure);
    };
  }

  /** The API server's own words, without a trailing full stop. */
  static String serverText(Throwable failure) {
    String text = null;
    if (failure instanceof KubernetesClientException api && api.getStatus() != null) {
      text = api.getStatus().getMessage();
    }
    if (text == null || text.isBlank()) {
      text =
          failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    }
    return text.strip().replaceAll("\\.$", "");
  }

  /** Who may not do what where; the server's words when they have another form. */
  static String forbidden(String text) {
    var matcher = FORBIDDEN.matcher(text);
    if (!matcher.find()) {
      return text + ".";
    }
    String group = matcher.group("group");
    String namespace = matcher.group("namespace");
    return matcher.group("user")
        + " may not "
        + matcher.group("verb")
        + " "
        + matcher.group("resource")
        + (group.isEmpty() ? "" : "." + group)
        + (namespace != null
            ? " in namespace " + namespace
            : matcher.group("cluster") != null ? " in the whole cluster" : "")
        + ".";
  }

  private KtdException unreachable(RuntimeException failure) {
    var causes = new Causes(failure);
    String file = context.cluster().file().toString();
    String check =
        "Check the address and the network:  kubectl --context "
            + Kubeconfig.shellWord(context.name())
            + " version";
    // Narrow reasons before wide ones: an expired certificate also fails the path validation.
    if (causes.have(UnknownHostException.class)) {
      return unreachable("the name " + uri.getHost() + " is not known to DNS", check, failure);
    }
    if (causes.have(CertificateExpiredException.class)) {
      return unreachable("its certificate has expired", "Renew it on the server.", failure);
    }
    if (causes.have(CertificateNotYetValidException.class)) {
      return unreachable(
          "its certificate is not valid yet", "Check the clock of this machine:  date", failure);
    }
    if (causes.say("subject alternative", "no name matching")) {
      return unreachable(
          "its certificate is for another name",
          "Correct server or tls-server-name in " + file + ".",
          failure);
    }
    if (causes.say("pkix path", "unable to find valid certification", "trust anchor")) {
      return unreachable(
          "its certificate is not signed by an authority that the kubeconfig trusts",
          "Correct certificate-authority in " + file + ".",
          failure);
    }
    if (causes.say("not an ssl/tls record", "plaintext connection")) {
      return unreachable(
          "it does not speak TLS", "Correct the scheme of server in " + file + ".", failure);
    }
    if (causes.have(NoRouteToHostException.class) || causes.say("no route to host")) {
      return unreachable("no route to host", check, failure);
    }
    if (causes.say("network is unreachable", "network unreachable")) {
      return unreachable("network is unreachable", check, failure);
    }
    if (causes.say("connection refused")) {
      return unreachable("connection refused", check, failure);
    }
    if (causes.have(TimeoutException.class) || causes.say("timed out", "timeout")) {
      return unreachable("timed out", check, failure);
    }
    if (causes.say("connection reset", "connection was closed")) {
      return unreachable("it closed the connection", check, failure);
    }
    return unreachable(causes.innermost(), check, failure);
  }

  private KtdException unreachable(String why, String hint, RuntimeException failure) {
    return new KtdException(
        ErrorCode.UNREACHABLE,
        // Its address without what is before the host, which may be a password.
        server()
            + " cannot be reached"
            + (proxy == null
                ? ""
                : " through the HTTP proxy " + proxy.getHost() + ":" + proxy.getPort())
            + ": "
            + why
            + ".",
        hint,
        failure);
  }

  /** An exception and all below it. */
  private record Causes(Throwable top) {
    private Stream<Throwable> all() {
      return Stream.iterate(top, Objects::nonNull, Throwable::getCause).limit(20);
    }

    boolean have(Class<? extends Throwable> type) {
      return all().anyMatch(type::isInstance);
    }

    boolean say(String... words) {
      return all()
          .map(e -> String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT))
          .anyMatch(message -> Stream.of(words).anyMatch(message::contains));
    }

    String innermost() {
      Throwable last = all().reduce(top, (_, next) -> next);
      return serverText(last);
    }
  }

  private String server() {
    return "the API server " + uri + " of the context " + Kubeconfig.quoted(context.name());
  }
}
