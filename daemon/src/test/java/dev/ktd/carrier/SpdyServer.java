package dev.ktd.carrier;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.spdy.DefaultSpdyDataFrame;
import io.netty.handler.codec.spdy.DefaultSpdyGoAwayFrame;
import io.netty.handler.codec.spdy.DefaultSpdyPingFrame;
import io.netty.handler.codec.spdy.DefaultSpdyRstStreamFrame;
import io.netty.handler.codec.spdy.DefaultSpdySettingsFrame;
import io.netty.handler.codec.spdy.DefaultSpdySynReplyFrame;
import io.netty.handler.codec.spdy.SpdyDataFrame;
import io.netty.handler.codec.spdy.SpdyFrameCodec;
import io.netty.handler.codec.spdy.SpdyPingFrame;
import io.netty.handler.codec.spdy.SpdySynStreamFrame;
import io.netty.handler.codec.spdy.SpdyVersion;
import io.netty.handler.ssl.SslContext;
import io.netty.util.ReferenceCountUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The server's side of {@code portforward.k8s.io}: the name of the pod says what becomes of it.
 * Frames are read and written by Netty's own codec.
 */
@SuppressWarnings("FutureReturnValueIgnored")
final class SpdyServer {
  /** Requests and streams as they came. */
  final List<String> seen = new CopyOnWriteArrayList<>();

  private final Channel listening;

  SpdyServer(EventLoopGroup group, InetAddress address, @Nullable SslContext tls)
      throws InterruptedException {
    listening =
        new ServerBootstrap()
            .group(group)
            .channel(EpollServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    if (tls != null) {
                      channel.pipeline().addLast(tls.newHandler(channel.alloc()));
                    }
                    channel
                        .pipeline()
                        .addLast(
                            new HttpServerCodec(), new HttpObjectAggregator(4096), new Front());
                  }
                })
            .bind(address, 0)
            .sync()
            .channel();
  }

  int port() {
    return ((InetSocketAddress) listening.localAddress()).getPort();
  }

  /** Answers the upgrade. */
  private final class Front extends SimpleChannelInboundHandler<FullHttpRequest> {
    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
      String pod = request.uri().replaceAll(".*/pods/([^/]*)/portforward$", "$1");
      seen.add(request.method() + " " + request.uri());
      seen.add("host " + request.headers().get("Host"));
      seen.add("authorization " + request.headers().get("Authorization"));
      seen.add("groups " + request.headers().getAll("Impersonate-Group"));
      seen.add("upgrade " + request.headers().getAll("Upgrade"));
      switch (pod) {
        case "unauthorized" -> refuse(ctx, HttpResponseStatus.UNAUTHORIZED, "Unauthorized");
        case "forbidden" ->
            refuse(
                ctx,
                HttpResponseStatus.FORBIDDEN,
                "pods \\\"forbidden\\\" is forbidden: no create on pods/portforward");
        case "gone" -> refuse(ctx, HttpResponseStatus.NOT_FOUND, "pods \\\"gone\\\" not found");
        case "silent" -> ctx.close();
        default -> upgrade(ctx, pod);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      seen.add("failed " + cause.getMessage());
      ctx.close();
    }

    private void refuse(ChannelHandlerContext ctx, HttpResponseStatus status, String message) {
      String json = "{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"" + message + "\"}";
      DefaultFullHttpResponse response =
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1, status, Unpooled.copiedBuffer(json, StandardCharsets.UTF_8));
      response.headers().set("Content-Length", response.content().readableBytes());
      ctx.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
    }

    private void upgrade(ChannelHandlerContext ctx, String pod) {
      DefaultFullHttpResponse response =
          new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.SWITCHING_PROTOCOLS);
      response.headers().set("Connection", "Upgrade").set("Upgrade", "SPDY/3.1");
      response.headers().set("X-Stream-Protocol-Version", "portforward.k8s.io");
      ctx.writeAndFlush(response);
      ctx.pipeline().addLast(new SpdyFrameCodec(SpdyVersion.SPDY_3_1), new Streams(pod));
      ctx.pipeline().remove(this);
      ctx.pipeline().remove(HttpObjectAggregator.class);
      ctx.pipeline().remove(HttpServerCodec.class);
    }
  }

  /** The streams of one port-forward. */
  private final class Streams extends ChannelInboundHandlerAdapter {
    private final String pod;

    Streams(String pod) {
      this.pod = pod;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object frame) {
      switch (frame) {
        case SpdySynStreamFrame syn -> {
          seen.add(
              "stream "
                  + syn.streamId()
                  + " "
                  + syn.headers().get("streamtype")
                  + " port "
                  + syn.headers().get("port")
                  + (syn.isLast() ? " fin" : ""));
          ctx.write(new DefaultSpdySynReplyFrame(syn.streamId()));
          if (syn.streamId() == 3) {
            begin(ctx);
          }
          ctx.flush();
        }
        case SpdyDataFrame data -> data(ctx, data);
        case SpdyPingFrame ping -> {
          seen.add("pong " + ping.id());
          ctx.writeAndFlush(data(3, "after pong"));
        }
        default -> seen.add(String.valueOf(frame));
      }
    }

    private void begin(ChannelHandlerContext ctx) {
      ctx.write(new DefaultSpdySettingsFrame());
      switch (pod) {
        case "rst" -> ctx.write(new DefaultSpdyRstStreamFrame(3, 1));
        case "goaway" -> ctx.write(new DefaultSpdyGoAwayFrame(3));
        case "ping" -> ctx.write(new DefaultSpdyPingFrame(2));
        case "refused" -> {
          DefaultSpdyDataFrame text = data(1, "dial tcp4 127.0.0.1:2222: connection refused");
          text.setLast(true);
          ctx.write(text);
          DefaultSpdyDataFrame end = new DefaultSpdyDataFrame(3);
          end.setLast(true);
          ctx.write(end);
        }
        case "nonsense" -> ctx.channel().pipeline().firstContext().writeAndFlush(versionNine());
        default -> {
          // Waits for data.
        }
      }
    }

    private void data(ChannelHandlerContext ctx, SpdyDataFrame data) {
      if (data.streamId() == 3 && pod.equals("echo")) {
        if (data.content().isReadable()) {
          ctx.writeAndFlush(new DefaultSpdyDataFrame(3, data.content()));
          return;
        }
      }
      if (data.isLast()) {
        seen.add("fin " + data.streamId());
      }
      ReferenceCountUtil.release(data);
    }

    private DefaultSpdyDataFrame data(int stream, String text) {
      return new DefaultSpdyDataFrame(stream, Unpooled.copiedBuffer(text, StandardCharsets.UTF_8));
    }

    /** Goes around the codec. */
    private ByteBuf versionNine() {
      return Unpooled.wrappedBuffer(new byte[] {(byte) 0x80, 9, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0});
    }
  }
}
