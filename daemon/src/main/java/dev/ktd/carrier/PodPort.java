package dev.ktd.carrier;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/** A port of a pod, as messages name it: {@code namespace/pod:port}. */
record PodPort(String namespace, String pod, int port) {
  PodPort {
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException("port " + port);
    }
  }

  /** Path of the port-forward below the API server's base path. */
  String path(String base) {
    String prefix = base.endsWith("/") ? base.substring(0, base.length() - 1) : base;
    return prefix
        + "/api/v1/namespaces/"
        + URLEncoder.encode(namespace, StandardCharsets.UTF_8)
        + "/pods/"
        + URLEncoder.encode(pod, StandardCharsets.UTF_8)
        + "/portforward";
  }

  @Override
  public String toString() {
    return namespace + "/" + pod + ":" + port;
  }
}
