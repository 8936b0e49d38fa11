package dev.ktd.carrier;

import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** The request that asks for a port-forward, and what its answer has to say. For one connection. */
final class UpgradeRequest {
  private static final String SPDY_STREAMS = "portforward.k8s.io";

  /** RFC 6455 section 4.2.2. */
  private static final String ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

  private static final int KEY_BYTES = 16;

  private final ApiServer api;
  private final PodPort target;
  private final @Nullable String token;
  private final ForwardProtocol protocol;
  private final String key;

  UpgradeRequest(ApiServer api, PodPort target, @Nullable String token, ForwardProtocol protocol) {
    this.api = api;
    this.target = target;
    this.token = token;
    this.protocol = protocol;
    byte[] random = new byte[KEY_BYTES];
    new SecureRandom().nextBytes(random);
    this.key = Base64.getEncoder().encodeToString(random);
  }

  FullHttpRequest message() {
    URI uri = api.uri();
    String path = target.path(uri.getRawPath() == null ? "" : uri.getRawPath());
    FullHttpRequest request =
        switch (protocol) {
          case SPDY -> request(HttpMethod.POST, path);
          case SPDY_IN_WEBSOCKET -> request(HttpMethod.GET, path);
          case CHANNELS -> request(HttpMethod.GET, path + "?ports=" + target.port());
        };
    HttpHeaders headers = request.headers();
    // First, so that none of them can take the place of ours.
    api.headers().forEach((name, values) -> headers.add(name, values));
    headers
        .set(HttpHeaderNames.HOST, Failures.hostPort(uri))
        .set(HttpHeaderNames.USER_AGENT, "ktd")
        .set(HttpHeaderNames.CONNECTION, "Upgrade");
    switch (protocol) {
      case SPDY ->
          headers
              .set(HttpHeaderNames.CONTENT_LENGTH, 0)
              .set(HttpHeaderNames.UPGRADE, ForwardProtocol.SPDY)
              .set("X-Stream-Protocol-Version", SPDY_STREAMS);
      case SPDY_IN_WEBSOCKET, CHANNELS ->
          headers
              .set(HttpHeaderNames.UPGRADE, "websocket")
              .set(HttpHeaderNames.SEC_WEBSOCKET_VERSION, "13")
              .set(HttpHeaderNames.SEC_WEBSOCKET_KEY, key)
              .set(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL, subprotocol());
    }
    if (token != null) {
      headers.set(HttpHeaderNames.AUTHORIZATION, "Bearer " + token);
    }
    return request;
  }

  private static FullHttpRequest request(HttpMethod method, String path) {
    return new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, method, path);
  }

  private String subprotocol() {
    return protocol == ForwardProtocol.CHANNELS
        ? ForwardProtocol.CHANNELS.toString()
        : ForwardProtocol.SPDY + "+" + SPDY_STREAMS;
  }

  /** What is wrong with an answer 101, or null. */
  @Nullable String wrongIn(HttpResponse answer) {
    String upgraded = answer.headers().get(HttpHeaderNames.UPGRADE, "nothing");
    String wanted =
        protocol == ForwardProtocol.SPDY ? ForwardProtocol.SPDY.toString() : "websocket";
    if (!upgraded.equalsIgnoreCase(wanted)) {
      return "asked for " + wanted + ", the server upgrades to " + StatusText.printable(upgraded);
    }
    if (protocol == ForwardProtocol.SPDY) {
      return null;
    }
    if (!accept().equals(answer.headers().get(HttpHeaderNames.SEC_WEBSOCKET_ACCEPT))) {
      return "the answer to the upgrade belongs to another request";
    }
    String chosen = answer.headers().get(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL, "none");
    return chosen.equals(subprotocol())
        ? null
        : "asked for the WebSocket protocol "
            + subprotocol()
            + ", the server chose "
            + StatusText.printable(chosen);
  }

  private String accept() {
    try {
      byte[] text = (key + ACCEPT_SUFFIX).getBytes(StandardCharsets.US_ASCII);
      return Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-1").digest(text));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // Every Java platform has it.
    }
  }
}
