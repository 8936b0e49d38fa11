package dev.ktd.k8s;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.internal.SSLUtils;
import io.fabric8.kubernetes.client.vertx5.Vertx5HttpClientFactory;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.WebSocketClientOptions;
import io.vertx.ext.web.client.WebClientOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManager;
import javax.net.ssl.TrustManager;

/** Builds fabric8's client from our values only: nothing from this process's environment. */
final class ClientFactory {
  /** Needed by the JDK's key store, which never leaves this process. */
  private static final String KEY_STORE_PASSPHRASE = "in-memory";

  /**
   * How long to wait.
   *
   * @param connect for the TCP connection; tried twice
   * @param request for an answer
   * @param idle until a connection that nobody uses is closed, in whole seconds: what is in between
   *     may have forgotten it without a word, and the next request would wait in vain
   */
  record Limits(Duration connect, Duration request, Duration idle) {
    /** Two attempts to connect and a short pause: about 10 seconds for a silent address. */
    static final Limits DEFAULT =
        new Limits(Duration.ofMillis(4500), Duration.ofSeconds(10), Duration.ofSeconds(5));

    private static final Duration LEAST_CONNECT = Duration.ofSeconds(1);
    private static final Duration LEAST_REQUEST = Duration.ofSeconds(3);

    /** The same, for a caller who has so much time; but what a cluster far away needs. */
    Limits within(Duration patience) {
      return new Limits(
          between(LEAST_CONNECT, patience.dividedBy(2), connect),
          between(LEAST_REQUEST, patience, request),
          idle);
    }

    private static Duration between(Duration least, Duration wanted, Duration most) {
      return wanted.compareTo(least) < 0 ? least : wanted.compareTo(most) > 0 ? most : wanted;
    }
  }

  /** Connections of fabric8's default client, kept for as long as the limit says. */
  private static final class Connections extends Vertx5HttpClientFactory {
    private final Duration idle;

    Connections(Duration idle) {
      this.idle = idle;
    }

    @Override
    protected void additionalConfig(
        WebClientOptions options, WebSocketClientOptions webSockets, PoolOptions pool) {
      options.setKeepAliveTimeout((int) idle.toSeconds());
    }
  }

  private ClientFactory() {}

  static KubernetesClient create(
      KubeContext context, Endpoint endpoint, Credentials credentials, Limits limits) {
    Authentication shown = credentials.current();
    ConfigBuilder builder =
        new ConfigBuilder(Config.empty())
            .withAutoConfigure(false)
            .withMasterUrl(endpoint.uri().toString())
            .withNamespace(context.namespace())
            .withTrustCerts(endpoint.skipVerification())
            .withDisableHostnameVerification(endpoint.skipVerification())
            .withConnectionTimeout((int) limits.connect().toMillis())
            .withRequestTimeout((int) limits.request().toMillis())
            .withRequestRetryBackoffLimit(1)
            .withRequestRetryBackoffInterval(300)
            .withWatchReconnectInterval(500)
            .withUserAgent("ktd");
    applyHeaders(builder, endpoint.headers());
    if (!endpoint.headers().containsKey("Authorization")) {
      builder.withOauthTokenProvider(() -> credentials.current().token());
    }
    if (endpoint.proxy() != null) {
      String proxy = endpoint.proxy().toString();
      builder.withHttpProxy(proxy).withHttpsProxy(proxy);
    }
    if (shown.certificatePem() != null && shown.keyPem() != null) {
      builder
          .withClientCertData(base64(shown.certificatePem().getBytes(StandardCharsets.US_ASCII)))
          .withClientKeyData(base64(shown.keyPem().getBytes(StandardCharsets.US_ASCII)))
          .withClientKeyAlgo(algorithm(context, shown.keyPem()))
          .withClientKeyPassphrase(KEY_STORE_PASSPHRASE);
    }
    Config config = builder.build();
    var client =
        new KubernetesClientBuilder()
            .withConfig(config)
            .withHttpClientFactory(new Connections(limits.idle()));
    if (!endpoint.skipVerification() && "https".equals(endpoint.uri().getScheme())) {
      TrustManager[] trust = {trust(context, endpoint)};
      KeyManager[] keys = keys(context, config);
      client.withHttpClientBuilderConsumer(http -> http.sslContext(keys, trust));
    }
    return client.build();
  }

  private static void applyHeaders(ConfigBuilder builder, Map<String, List<String>> headers) {
    Map<String, String> single = new LinkedHashMap<>();
    Map<String, List<String>> extras = new LinkedHashMap<>();
    headers.forEach(
        (name, values) -> {
          switch (name) {
            case "Impersonate-User" -> builder.withImpersonateUsername(values.getFirst());
            case "Impersonate-Group" ->
                builder.withImpersonateGroups(values.toArray(String[]::new));
            default -> {
              if (name.startsWith("Impersonate-Extra-")) {
                extras.put(name.substring("Impersonate-Extra-".length()), new ArrayList<>(values));
              } else {
                single.put(name, values.getFirst());
              }
            }
          }
        });
    builder.withCustomHeaders(single).withImpersonateExtras(extras);
  }

  private static ServerTrust trust(KubeContext context, Endpoint endpoint) {
    try {
      return ServerTrust.of(endpoint.caPem(), endpoint.serverName());
    } catch (GeneralSecurityException e) {
      throw new KtdException(
          ErrorCode.KUBECONFIG,
          "certificate-authority of the cluster "
              + Kubeconfig.quoted(context.cluster().name())
              + " in "
              + context.cluster().file()
              + " holds no usable certificate: "
              + e.getMessage()
              + ".",
          "Correct it in " + context.cluster().file() + ".",
          e);
    }
  }

  private static KeyManager[] keys(KubeContext context, Config config) {
    try {
      KeyManager[] keys = SSLUtils.keyManagers(config);
      return keys == null ? new KeyManager[0] : keys;
    } catch (GeneralSecurityException | IOException | RuntimeException e) {
      throw unusableKey(context, e);
    }
  }

  /** From the key itself: fabric8 takes every PKCS#8 key ("PRIVATE KEY") for RSA. */
  private static String algorithm(KubeContext context, String keyPem) {
    if (keyPem.contains("-----BEGIN EC PRIVATE KEY-----")) {
      return "EC";
    }
    if (!keyPem.contains("-----BEGIN PRIVATE KEY-----")) {
      return "RSA";
    }
    try {
      byte[] der = Base64.getMimeDecoder().decode(keyPem.replaceAll("-----[A-Z ]+-----", ""));
      KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der));
      return "EC";
    } catch (InvalidKeySpecException _) {
      return "RSA";
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw unusableKey(context, e);
    }
  }

  private static KtdException unusableKey(KubeContext context, Exception e) {
    return new KtdException(
        ErrorCode.KUBECONFIG,
        "the client certificate or key of the user "
            + Kubeconfig.quoted(context.userEntry())
            + " in "
            + context.user().file()
            + " cannot be used: "
            + e.getMessage()
            + ".",
        "Renew it.",
        e);
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }
}
