package dev.ktd.carrier;

import io.netty.handler.codec.http.HttpResponseStatus;
import org.jspecify.annotations.Nullable;

/**
 * An answer to an upgrade that is none.
 *
 * @param body up to its limit, as text
 */
record Refusal(HttpResponseStatus status, String body) {
  /** The server does not know who asks; a newer token may help. */
  boolean isOfToken() {
    return status.code() == 401;
  }

  /**
   * Whether another protocol may do better: the server, or something on the way, does not know this
   * one. A Status object says that an API server has understood and refused: only for 400 that may
   * still be about the upgrade ("Upgrade request required"). What other codes say is true of all
   * protocols.
   */
  boolean isOfProtocol() {
    return switch (status.code()) {
      case 200, 400, 405, 426, 501, 502 -> true;
      case 403, 404 -> !StatusText.isStatus(body);
      default -> false;
    };
  }

  /** The server's own words, or null. */
  @Nullable String message() {
    return StatusText.message(body);
  }
}
