package dev.ktd.carrier;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Asks the API server to turn the connection into SPDY/3.1, then hands it to the {@link
 * SpdyCarrier}.
 */
// A failed write closes the channel, and channelInactive tells of that.
@SuppressWarnings("FutureReturnValueIgnored")
final class Upgrade extends SimpleChannelInboundHandler<FullHttpResponse> {
  private final ApiServer api;
  private final PodPort target;
  private final @Nullable String token;
  private final SpdyCarrier carrier;
  private final boolean plain;
  private boolean asked;

  Upgrade(
      ApiServer api, PodPort target, @Nullable String token, SpdyCarrier carrier, boolean plain) {
    this.api = api;
    this.target = target;
    this.token = token;
    this.carrier = carrier;
    this.plain = plain;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    if (plain) {
      ask(ctx);
    }
    ctx.fireChannelActive();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof SslHandshakeCompletionEvent tls) {
      if (tls.isSuccess()) {
        ask(ctx);
      } else {
        carrier.finish(Failures.opening(api, target, tls.cause()));
      }
    }
    ctx.fireUserEventTriggered(event);
  }

  private void ask(ChannelHandlerContext ctx) {
    URI uri = api.uri();
    String base = uri.getRawPath() == null ? "" : uri.getRawPath();
    DefaultFullHttpRequest request =
        new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, target.path(base));
    // First, so that none of them can take the place of ours.
    api.headers().forEach((name, values) -> request.headers().add(name, values));
    request
        .headers()
        .set(HttpHeaderNames.HOST, Failures.hostPort(uri))
        .set(HttpHeaderNames.USER_AGENT, "ktd")
        .set(HttpHeaderNames.CONTENT_LENGTH, 0)
        .set(HttpHeaderNames.CONNECTION, "Upgrade")
        .set(HttpHeaderNames.UPGRADE, "SPDY/3.1")
        .set("X-Stream-Protocol-Version", "portforward.k8s.io");
    if (token != null) {
      request.headers().set(HttpHeaderNames.AUTHORIZATION, "Bearer " + token);
    }
    asked = true;
    ctx.writeAndFlush(request);
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, FullHttpResponse response) {
    if (!response.decoderResult().isSuccess()) {
      carrier.finish(Failures.protocol(target, "the answer to the upgrade is not HTTP"));
      return;
    }
    if (!response.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS)) {
      String body = response.content().toString(StandardCharsets.UTF_8);
      carrier.finish(Failures.refused(api, target, response.status(), StatusText.message(body)));
      return;
    }
    ctx.pipeline().addLast(carrier.frames());
    ctx.pipeline().remove(this);
    ctx.pipeline().remove(HttpObjectAggregator.class);
    ctx.pipeline().remove(HttpClientCodec.class);
    carrier.upgraded();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    carrier.finish(Failures.opening(api, target, cause));
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    carrier.finish(
        Failures.opening(
            api,
            target,
            new IOException(
                asked
                    ? "the connection ended before the port-forward was granted"
                    : "the connection ended at once")));
    ctx.fireChannelInactive();
  }
}
