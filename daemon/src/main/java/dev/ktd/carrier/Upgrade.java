package dev.ktd.carrier;

import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.proxy.ProxyConnectException;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Asks the API server for one port-forward protocol, and tells what came of it, once. */
// A failed write closes the channel, and channelInactive tells of that.
@SuppressWarnings("FutureReturnValueIgnored")
final class Upgrade extends SimpleChannelInboundHandler<HttpObject> {
  /** Of a refusal, in bytes; what is longer is a page for people, and not read to its end. */
  private static final int BODY_LIMIT = 64 * 1024;

  /** What came of it. On the loop; after {@link #asked} exactly one of the others. */
  interface Outcome {
    /** The request is on its way. */
    void asked();

    /** What reads the connection from now on; it is added before bytes can get lost. */
    ChannelHandler reader();

    /** The connection speaks the protocol. */
    void granted();

    /** The server answered something else. */
    void refused(HttpResponseStatus status, String body);

    /** The server does not know what it was asked, or does not answer as HTTP. */
    void unusable(String what);

    /** There is no connection, no trust, or it ended before the request. */
    void failed(Throwable cause);
  }

  private final UpgradeRequest request;
  private final Outcome outcome;
  private final boolean plain;
  private final ByteArrayOutputStream body = new ByteArrayOutputStream();
  private @Nullable HttpResponse answer;
  private boolean asked;
  private boolean done;

  /**
   * @param plain without TLS, so ask at once
   */
  Upgrade(UpgradeRequest request, Outcome outcome, boolean plain) {
    this.request = request;
    this.outcome = outcome;
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
        fail(tls.cause());
      }
    }
    ctx.fireUserEventTriggered(event);
  }

  private void ask(ChannelHandlerContext ctx) {
    asked = true;
    ctx.writeAndFlush(request.message());
    outcome.asked();
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, HttpObject part) {
    if (done) {
      return;
    }
    if (!part.decoderResult().isSuccess()) {
      end("the answer to the upgrade is not HTTP");
      ctx.close();
      return;
    }
    if (part instanceof HttpResponse head) {
      answer = head;
    }
    if (part instanceof HttpContent more) {
      int n = Math.min(more.content().readableBytes(), BODY_LIMIT - body.size());
      body.writeBytes(ByteBufUtil.getBytes(more.content(), more.content().readerIndex(), n));
    }
    HttpResponse whole = answer;
    if (whole != null && (part instanceof LastHttpContent || body.size() == BODY_LIMIT)) {
      answered(ctx, whole);
    }
  }

  private void answered(ChannelHandlerContext ctx, HttpResponse response) {
    if (!response.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS)) {
      refuse(response);
      ctx.close();
      return;
    }
    String wrong = request.wrongIn(response);
    if (wrong != null) {
      end(wrong);
      ctx.close();
      return;
    }
    done = true;
    ctx.pipeline().addLast(outcome.reader());
    ctx.pipeline().remove(this);
    ctx.pipeline().remove(HttpClientCodec.class);
    outcome.granted();
  }

  private void refuse(HttpResponse response) {
    done = true;
    outcome.refused(response.status(), body.toString(StandardCharsets.UTF_8));
  }

  private void fail(@Nullable Throwable cause) {
    if (!done) {
      done = true;
      outcome.failed(cause == null ? new IOException("unknown") : cause);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (asked && !isOnTheWay(cause)) {
      end("the connection failed: " + cause.getMessage());
    } else {
      fail(cause);
    }
    ctx.close();
  }

  /**
   * Whether it has nothing to do with the request. A server may refuse a client's certificate after
   * the handshake (RFC 8446 section 4.4.2.4), and a request without TLS waits in the proxy's
   * handler.
   */
  private static boolean isOnTheWay(Throwable cause) {
    return cause instanceof ProxyConnectException
        || cause instanceof SSLException
        || cause.getCause() instanceof SSLException;
  }

  private void end(String what) {
    if (!done) {
      done = true;
      outcome.unusable(what);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    HttpResponse begun = answer;
    if (!done && begun != null) {
      refuse(begun); // what is missing of its body would change nothing
    } else if (asked) {
      end("the connection ended before the port-forward was granted");
    } else {
      fail(new IOException("the connection ended at once"));
    }
    ctx.fireChannelInactive();
  }
}
