package dev.ktd.control;

import dev.ktd.error.KtdException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;

/** Writes answers; each ends its connection. Any thread: Netty hands over to the loop. */
final class Answers {
  private Answers() {}

  /** The whole answer is one JSON object. */
  static void whole(Channel channel, HttpResponseStatus status, String json) {
    ByteBuf body = ByteBufUtil.writeUtf8(channel.alloc(), json + "\n");
    DefaultFullHttpResponse answer =
        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, body);
    answer.headers().set(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes());
    head(answer, "application/json");
    channel.writeAndFlush(answer).addListener(ChannelFutureListener.CLOSE);
  }

  /** An error before any event: an object of the shape of {@link Event.Failed}. */
  static void refuse(Channel channel, HttpResponseStatus status, KtdException why) {
    whole(channel, status, ControlJson.write(Event.Failed.of(why)));
  }

  /** Begins a stream of events. Without a length it ends with the connection (RFC 9112, 6.3). */
  static void beginStream(Channel channel) {
    HttpResponse answer = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    head(answer, "application/x-ndjson");
    channel.writeAndFlush(answer).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
  }

  /** One line of the stream, flushed. */
  static void event(Channel channel, Event event) {
    ByteBuf line = ByteBufUtil.writeUtf8(channel.alloc(), ControlJson.write(event) + "\n");
    channel
        .writeAndFlush(new DefaultHttpContent(line))
        .addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
  }

  /** The end of the stream and of the connection. */
  static void endStream(Channel channel) {
    channel
        .writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT)
        .addListener(ChannelFutureListener.CLOSE);
  }

  private static void head(HttpResponse answer, String contentType) {
    HttpHeaders headers = answer.headers();
    headers.set(HttpHeaderNames.CONTENT_TYPE, contentType);
    headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
  }
}
