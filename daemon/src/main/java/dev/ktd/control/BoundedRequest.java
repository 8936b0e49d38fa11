package dev.ktd.control;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;

/** Gathers a request up to 64 KiB; what is longer gets 413 and the end of the connection. */
final class BoundedRequest extends HttpObjectAggregator {
  private static final int MAX_BODY = 64 * 1024;

  BoundedRequest() {
    super(MAX_BODY);
  }

  @Override
  protected void handleOversizedMessage(ChannelHandlerContext ctx, HttpMessage oversized) {
    Answers.refuse(
        ctx.channel(),
        HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE,
        new KtdException(
            ErrorCode.USAGE, "the request is larger than " + MAX_BODY + " bytes.", null));
  }
}
