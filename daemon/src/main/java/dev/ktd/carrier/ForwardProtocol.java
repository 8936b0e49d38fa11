package dev.ktd.carrier;

/**
 * The protocols in which API servers speak port-forward, the best first (docs/adr/0015).
 *
 * <ul>
 *   <li>{@link #SPDY}: {@code Upgrade: SPDY/3.1}, what kubectl spoke until 1.30.
 *   <li>{@link #SPDY_IN_WEBSOCKET}: the same frames in WebSocket messages, what kubectl speaks
 *       since 1.31.
 *   <li>{@link #CHANNELS}: {@code v4.channel.k8s.io}, a WebSocket message for each piece of a
 *       stream.
 * </ul>
 */
enum ForwardProtocol {
  SPDY("SPDY/3.1"),
  SPDY_IN_WEBSOCKET("SPDY/3.1 in WebSocket"),
  CHANNELS("v4.channel.k8s.io");

  private final String title;

  ForwardProtocol(String title) {
    this.title = title;
  }

  /** For people and the log. */
  @Override
  public String toString() {
    return title;
  }

  /** The one to try after this one; the first again after the last. */
  ForwardProtocol next() {
    return switch (this) {
      case SPDY -> SPDY_IN_WEBSOCKET;
      case SPDY_IN_WEBSOCKET -> CHANNELS;
      case CHANNELS -> SPDY;
    };
  }

  /** What the access rules call its request: POST is create, GET is get. */
  String verb() {
    return this == SPDY ? "create" : "get";
  }

  /** How the stream travels in messages; of one connection. */
  Framing framing(int port) {
    return switch (this) {
      case SPDY, SPDY_IN_WEBSOCKET -> new SpdyFraming(port);
      case CHANNELS -> new ChannelFraming();
    };
  }

  /** How messages travel in the connection; of one connection. */
  Messages messages() {
    return switch (this) {
      case SPDY -> new RawMessages();
      case SPDY_IN_WEBSOCKET, CHANNELS -> new WebSocketMessages();
    };
  }
}
