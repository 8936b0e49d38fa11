package dev.ktd.k8s;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.fabric8.kubernetes.api.model.AuthInfo;
import io.fabric8.kubernetes.api.model.Cluster;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a context says about the API server and about every request to it.
 *
 * @param headers impersonation and basic authentication; the latter is a secret
 */
record Endpoint(
    URI uri,
    @Nullable String caPem,
    boolean skipVerification,
    @Nullable String serverName,
    @Nullable URI proxy,
    Map<String, List<String>> headers) {

  static Endpoint of(KubeContext context, FileSource files, ProxyVariables environment) {
    KubeContext.Named<Cluster> entry = context.cluster();
    Cluster cluster = entry.value();
    URI uri = address(entry, "server", cluster.getServer());
    if (!"https".equals(uri.getScheme()) && !"http".equals(uri.getScheme())) {
      throw malformed(entry, "server", cluster.getServer(), "it must begin with https://");
    }
    if (uri.getUserInfo() != null) {
      throw malformed(
          entry, "server", cluster.getServer(), "name and password belong to the user's entry");
    }
    URI proxy;
    if (cluster.getProxyUrl() == null || cluster.getProxyUrl().isEmpty()) {
      proxy = environment.forServer(uri);
    } else {
      proxy = address(entry, "proxy-url", cluster.getProxyUrl());
      if (!"http".equals(proxy.getScheme()) || proxy.getPort() < 0) {
        throw malformed(
            entry, "proxy-url", cluster.getProxyUrl(), "ktd uses proxies http://HOST:PORT only");
      }
    }
    String ca =
        new ReferencedFiles(files)
            .pem(
                entry,
                "certificate-authority",
                cluster.getCertificateAuthorityData(),
                cluster.getCertificateAuthority());
    return new Endpoint(
        uri,
        ca,
        Boolean.TRUE.equals(cluster.getInsecureSkipTlsVerify()),
        cluster.getTlsServerName() == null || cluster.getTlsServerName().isEmpty()
            ? null
            : cluster.getTlsServerName(),
        proxy,
        headers(context.user().value()));
  }

  private static Map<String, List<String>> headers(AuthInfo user) {
    Map<String, List<String>> headers = new LinkedHashMap<>();
    if (user.getUsername() != null && !user.getUsername().isEmpty()) {
      String pair =
          user.getUsername() + ':' + (user.getPassword() == null ? "" : user.getPassword());
      headers.put(
          "Authorization",
          List.of(
              "Basic "
                  + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8))));
    }
    if (user.getAs() != null && !user.getAs().isEmpty()) {
      headers.put("Impersonate-User", List.of(user.getAs()));
      if (user.getAsUid() != null && !user.getAsUid().isEmpty()) {
        headers.put("Impersonate-Uid", List.of(user.getAsUid()));
      }
      if (user.getAsGroups() != null && !user.getAsGroups().isEmpty()) {
        headers.put("Impersonate-Group", List.copyOf(user.getAsGroups()));
      }
      if (user.getAsUserExtra() != null) {
        user.getAsUserExtra()
            .forEach((key, values) -> headers.put("Impersonate-Extra-" + key, List.copyOf(values)));
      }
    }
    return Map.copyOf(headers);
  }

  private static URI address(KubeContext.Named<Cluster> entry, String key, @Nullable String text) {
    try {
      URI uri = new URI(text == null ? "" : text.strip());
      if (uri.getHost() == null) {
        throw malformed(entry, key, text, "it names no host");
      }
      return uri;
    } catch (URISyntaxException e) {
      throw malformed(entry, key, text, e.getReason());
    }
  }

  private static KtdException malformed(
      KubeContext.Named<Cluster> entry, String key, @Nullable String text, String why) {
    return new KtdException(
        ErrorCode.KUBECONFIG,
        "the "
            + key
            + " of the cluster "
            + Kubeconfig.quoted(entry.name())
            + " in "
            + entry.file()
            + (text == null || text.isBlank()
                ? " is missing."
                : " is not usable: " + withoutPassword(text) + ": " + why + "."),
        "Correct it in " + entry.file() + ".");
  }

  static String withoutPassword(String url) {
    return url.replaceAll("//.*@", "//...@");
  }

  /** Without headers. */
  @Override
  public String toString() {
    return "Endpoint[" + uri + "]";
  }
}
