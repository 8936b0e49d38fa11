package dev.ktd.carrier;

import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How to reach and to believe an API server, as plain values.
 *
 * @param uri scheme, host, port and base path, e.g. {@code https://10.99.0.1:6443/}
 * @param caPem certificates to trust, PEM; null means those of the Java runtime
 * @param clientCertificatePem the caller's certificate, PEM, with {@code clientKeyPem}; or null
 * @param bearerToken gives the current token at each connection, or null where there is none; may
 *     block and is therefore called off the event loop
 * @param credentialsRefused called when the server answered 401: what was kept is worth nothing,
 *     and the next {@code bearerToken} is to be a new one where that is possible; off the event
 *     loop
 * @param skipVerification accept any certificate (insecure-skip-tls-verify)
 * @param serverName name to expect in the certificate instead of the host (tls-server-name)
 * @param proxy HTTP proxy to CONNECT through, {@code http://host:port}; or null
 * @param headers further request headers (impersonation, basic authentication); may hold secrets
 */
public record ApiServer(
    URI uri,
    @Nullable String caPem,
    @Nullable String clientCertificatePem,
    @Nullable String clientKeyPem,
    Supplier<@Nullable String> bearerToken,
    Runnable credentialsRefused,
    boolean skipVerification,
    @Nullable String serverName,
    @Nullable URI proxy,
    Map<String, List<String>> headers) {
  public ApiServer {
    headers = Map.copyOf(headers);
  }

  /** Without further headers, and with no other token than the one given. */
  public ApiServer(
      URI uri,
      @Nullable String caPem,
      @Nullable String clientCertificatePem,
      @Nullable String clientKeyPem,
      Supplier<@Nullable String> bearerToken,
      boolean skipVerification,
      @Nullable String serverName,
      @Nullable URI proxy) {
    this(
        uri,
        caPem,
        clientCertificatePem,
        clientKeyPem,
        bearerToken,
        () -> {},
        skipVerification,
        serverName,
        proxy,
        Map.of());
  }

  /** Without secrets. */
  @Override
  public String toString() {
    return "ApiServer[" + uri + "]";
  }
}
