package dev.ktd.k8s;

import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How to reach and to believe the API server, as plain values: the components are those of {@code
 * carrier.ApiServer}, in the same order.
 *
 * @param uri scheme, host, port and base path, e.g. {@code https://[fd00::1]:6443/}
 * @param caPem certificates to trust, PEM; null means those of the Java runtime
 * @param clientCertificatePem the caller's certificate chain, PEM, with {@code clientKeyPem}; or
 *     null
 * @param clientKeyPem private key, PEM: PKCS#8, PKCS#1 or SEC 1 as the kubeconfig has it
 * @param bearerToken the current token, refreshed where that is needed, or null; may block (exec
 *     plug-in, token file)
 * @param credentialsRefused the server does not accept the token: the next one is asked for anew
 * @param skipVerification accept any certificate
 * @param serverName name to expect in the certificate instead of the host
 * @param proxy HTTP proxy to CONNECT through; or null
 * @param headers further request headers: impersonation, basic authentication; holds secrets
 */
public record ApiAccess(
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
  public ApiAccess {
    headers = Map.copyOf(headers);
  }

  /** Without secrets. */
  @Override
  public String toString() {
    return "ApiAccess[" + uri + "]";
  }
}
