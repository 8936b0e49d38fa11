package dev.ktd.control;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.timeout.ReadTimeoutHandler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One client: checks the peer and the path, hands the request on. On the event loop. */
@SuppressWarnings("FutureReturnValueIgnored") // nobody waits for a connection to be closed
final class ControlConnection extends SimpleChannelInboundHandler<FullHttpRequest> {
  private static final Logger LOG = LoggerFactory.getLogger(ControlConnection.class);

  private final Peer peer;
  private final boolean allowed;
  private final Requests requests;
  private @Nullable Thread worker;
  private boolean stopsWithClient = true;

  ControlConnection(Peer peer, boolean allowed, Requests requests) {
    this.peer = peer;
    this.allowed = allowed;
    this.requests = requests;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
    if (worker != null) {
      ctx.close(); // a second request on one connection: no client of ours does that
      return;
    }
    if (request.decoderResult().isFailure()) {
      refuse(ctx, HttpResponseStatus.BAD_REQUEST, "that is not an HTTP request.", null);
      return;
    }
    if (!allowed) {
      LOG.warn("refused uid {} (pid {}): not root, not in the group", peer.uid(), peer.pid());
      KtdException refused =
          new KtdException(
              ErrorCode.PERMISSION,
              "uid %d may not use the ktd daemon: it is neither root nor in the group %s."
                  .formatted(peer.uid(), ControlSocket.GROUP),
              "Use sudo, or join the group:  sudo usermod -aG %s NAME"
                  .formatted(ControlSocket.GROUP));
      Answers.refuse(ctx.channel(), HttpResponseStatus.FORBIDDEN, refused);
      return;
    }
    ctx.pipeline().remove(ReadTimeoutHandler.class);
    route(ctx, request);
  }

  private void route(ChannelHandlerContext ctx, FullHttpRequest request) {
    switch (request.uri()) {
      case "/v1/up" -> {
        if (isMethod(ctx, request, HttpMethod.POST)) {
          byte[] body = ByteBufUtil.getBytes(request.content());
          worker = requests.up(ctx.channel(), peer, body);
        }
      }
      case "/v1/down" -> {
        if (isMethod(ctx, request, HttpMethod.POST)) {
          worker = requests.down(ctx.channel());
          stopsWithClient = false;
        }
      }
      case "/v1/status" -> {
        if (isMethod(ctx, request, HttpMethod.GET)) {
          worker = requests.status(ctx.channel());
        }
      }
      default ->
          refuse(
              ctx,
              HttpResponseStatus.NOT_FOUND,
              "the daemon knows no " + request.uri() + ".",
              "Are ktd and its daemon of the same version? See:  ktd version");
    }
  }

  private static boolean isMethod(
      ChannelHandlerContext ctx, FullHttpRequest request, HttpMethod wanted) {
    if (request.method().equals(wanted)) {
      return true;
    }
    refuse(
        ctx,
        HttpResponseStatus.METHOD_NOT_ALLOWED,
        "%s is asked by %s, not %s.".formatted(request.uri(), wanted, request.method()),
        null);
    return false;
  }

  private static void refuse(
      ChannelHandlerContext ctx, HttpResponseStatus status, String what, @Nullable String hint) {
    Answers.refuse(ctx.channel(), status, new KtdException(ErrorCode.USAGE, what, hint));
  }

  /** The client closed its sending half (Ctrl-C) or all of it. */
  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      stop(ctx);
    }
    ctx.fireUserEventTriggered(event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    stop(ctx);
    ctx.fireChannelInactive();
  }

  private void stop(ChannelHandlerContext ctx) {
    if (worker == null) {
      ctx.close();
    } else if (stopsWithClient) {
      worker.interrupt();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    LOG.debug("closing the connection of pid {}: {}", peer.pid(), cause.toString());
    ctx.close();
  }
}
