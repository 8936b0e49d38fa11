package dev.ktd.k8s;

import org.jspecify.annotations.Nullable;

/**
 * What to show the API server; either part may be missing.
 *
 * @param token bearer token
 * @param certificatePem chain, with {@code keyPem}
 */
record Authentication(
    @Nullable String token, @Nullable String certificatePem, @Nullable String keyPem) {
  static final Authentication NONE = new Authentication(null, null, null);

  /** Without secrets. */
  @Override
  public String toString() {
    return "Authentication["
        + (token != null ? "token" : "no token")
        + (certificatePem != null ? ", certificate" : "")
        + "]";
  }
}
