package dev.ktd.k8s;

import io.fabric8.kubernetes.api.model.Cluster;
import io.fabric8.kubernetes.api.model.ExecConfig;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The two JSON objects of a credential plug-in: what it is told in KUBERNETES_EXEC_INFO and what it
 * prints (kubernetes.io, Client Authentication, kind ExecCredential).
 */
final class ExecCredentialFormat {
  /** Under which name a cluster keeps configuration for plug-ins. */
  private static final String EXTENSION = "client.authentication.k8s.io/exec";

  private final ReferencedFiles files;
  private final JsonMapper json = JsonMapper.builder().build();

  ExecCredentialFormat(ReferencedFiles files) {
    this.files = files;
  }

  /** Credentials and when they end; null for never. */
  record Parsed(Authentication authentication, @Nullable Instant expires) {}

  /** What the plug-in printed makes no sense. The message holds nothing of it. */
  static final class Malformed extends Exception {
    private static final long serialVersionUID = 1L;

    Malformed(String what) {
      super(what);
    }

    @Override
    public String getMessage() {
      return String.valueOf(super.getMessage());
    }
  }

  String request(KubeContext context, ExecConfig exec) {
    ObjectNode root = json.createObjectNode();
    root.put("apiVersion", exec.getApiVersion());
    root.put("kind", "ExecCredential");
    ObjectNode spec = root.putObject("spec");
    spec.put("interactive", false);
    if (Boolean.TRUE.equals(exec.getProvideClusterInfo())) {
      describe(context.cluster(), spec.putObject("cluster"));
    }
    return json.writeValueAsString(root);
  }

  private void describe(KubeContext.Named<Cluster> entry, ObjectNode target) {
    Cluster cluster = entry.value();
    target.put("server", cluster.getServer());
    if (cluster.getTlsServerName() != null) {
      target.put("tls-server-name", cluster.getTlsServerName());
    }
    if (Boolean.TRUE.equals(cluster.getInsecureSkipTlsVerify())) {
      target.put("insecure-skip-tls-verify", true);
    }
    String ca =
        files.pem(
            entry,
            "certificate-authority",
            cluster.getCertificateAuthorityData(),
            cluster.getCertificateAuthority());
    if (ca != null) {
      target.put(
          "certificate-authority-data",
          Base64.getEncoder().encodeToString(ca.getBytes(StandardCharsets.US_ASCII)));
    }
    if (cluster.getProxyUrl() != null) {
      target.put("proxy-url", cluster.getProxyUrl());
    }
    if (cluster.getExtensions() != null) {
      cluster.getExtensions().stream()
          .filter(extension -> EXTENSION.equals(extension.getName()))
          .findFirst()
          .ifPresent(
              extension ->
                  target.set("config", json.<JsonNode>valueToTree(extension.getExtension())));
    }
  }

  Parsed parse(String output, String apiVersion) throws Malformed {
    JsonNode root;
    try {
      root = json.readTree(output);
    } catch (JacksonException _) {
      throw new Malformed("printed something that is not JSON");
    }
    if (!"ExecCredential".equals(root.path("kind").asString(""))) {
      throw new Malformed("printed no ExecCredential");
    }
    String version = root.path("apiVersion").asString("");
    if (!apiVersion.equals(version)) {
      throw new Malformed(
          "printed apiVersion "
              + (version.length() > 100 ? "of another kind" : version)
              + " where the kubeconfig says "
              + apiVersion);
    }
    JsonNode status = root.path("status");
    String token = text(status, "token");
    String certificate = text(status, "clientCertificateData");
    String key = text(status, "clientKeyData");
    if (token == null && certificate == null) {
      throw new Malformed("printed neither a token nor a certificate");
    }
    if ((certificate == null) != (key == null)) {
      throw new Malformed("printed only one of certificate and key");
    }
    String expires = text(status, "expirationTimestamp");
    try {
      return new Parsed(
          new Authentication(token, certificate, key),
          expires == null ? null : OffsetDateTime.parse(expires).toInstant());
    } catch (DateTimeException _) {
      throw new Malformed("printed an expirationTimestamp that is not RFC 3339");
    }
  }

  private static @Nullable String text(JsonNode node, String key) {
    String value = node.path(key).asString("");
    return value.isEmpty() ? null : value;
  }
}
