package dev.ktd.carrier;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
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
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker13;
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
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The server's side of all three protocols: the name of the pod says what becomes of it, and {@link
 * #rules} which protocols it knows. Frames are read and written by Netty's own codecs.
 */
@SuppressWarnings("FutureReturnValueIgnored")
final class ForwardServer {
  /** Requests and streams as they came. */
  final List<String> seen = new CopyOnWriteArrayList<>();

  /** By the protocol's name, what becomes of a request for it: a status, or a word. */
  final Map<ForwardProtocol, String> rules = new ConcurrentHashMap<>();

  /** Tokens that are good; empty: all are. */
  final List<String> tokens = new CopyOnWriteArrayList<>();

  /** The ports that were reached. */
  final List<ServerPort> ports = new CopyOnWriteArrayList<>();

  private final Channel listening;

  ForwardServer(EventLoopGroup group, InetAddress address, @Nullable SslContext tls)
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
      String pod = request.uri().replaceAll(".*/pods/([^/]*)/portforward(\\?.*)?$", "$1");
      seen.add(request.method() + " " + request.uri());
      seen.add("host " + request.headers().get("Host"));
      seen.add("authorization " + request.headers().get("Authorization"));
      seen.add("groups " + request.headers().getAll("Impersonate-Group"));
      seen.add("upgrade " + request.headers().getAll("Upgrade"));
      ForwardProtocol protocol = protocol(request);
      seen.add("protocol " + protocol);
      String shown = String.valueOf(request.headers().get("Authorization"));
      if (!tokens.isEmpty() && !tokens.contains(shown.replaceFirst("Bearer ", ""))) {
        refuse(ctx, HttpResponseStatus.UNAUTHORIZED, "Unauthorized");
        return;
      }
      String rule = rules.get(protocol);
      if (rule != null) {
        obey(ctx, rule);
        return;
      }
      switch (pod) {
        case "unauthorized" -> refuse(ctx, HttpResponseStatus.UNAUTHORIZED, "Unauthorized");
        case "forbidden" ->
            refuse(
                ctx,
                HttpResponseStatus.FORBIDDEN,
                "pods \\\"forbidden\\\" is forbidden: no create on pods/portforward");
        case "gone" -> refuse(ctx, HttpResponseStatus.NOT_FOUND, "pods \\\"gone\\\" not found");
        case "silent" -> ctx.close();
        default -> {
          if (protocol == ForwardProtocol.SPDY) {
            upgrade(ctx, pod);
          } else {
            webSocket(ctx, request, protocol, pod);
          }
        }
      }
    }

    private ForwardProtocol protocol(FullHttpRequest request) {
      String wanted = String.valueOf(request.headers().get("Sec-WebSocket-Protocol"));
      return switch (wanted) {
        case "SPDY/3.1+portforward.k8s.io" -> ForwardProtocol.SPDY_IN_WEBSOCKET;
        case "v4.channel.k8s.io" -> ForwardProtocol.CHANNELS;
        default -> ForwardProtocol.SPDY;
      };
    }

    private void obey(ChannelHandlerContext ctx, String rule) {
      switch (rule) {
        case "close" -> ctx.close();
        case "reset" -> {
          ctx.channel().config().setOption(ChannelOption.SO_LINGER, 0);
          ctx.close();
        }
        case "mute" -> {
          answer(ctx, HttpResponseStatus.SWITCHING_PROTOCOLS, "", "SPDY/3.1");
          ctx.pipeline().remove(HttpServerCodec.class);
        }
        case "silence" -> {
          // No answer at all.
        }
        case "other upgrade" -> answer(ctx, HttpResponseStatus.SWITCHING_PROTOCOLS, "", "h2c");
        case "403 status" -> refuse(ctx, HttpResponseStatus.FORBIDDEN, "pods is forbidden");
        case "404 status" -> refuse(ctx, HttpResponseStatus.NOT_FOUND, "pods not found");
        case "400 status" ->
            refuse(ctx, HttpResponseStatus.BAD_REQUEST, "Upgrade request required");
        default ->
            answer(ctx, HttpResponseStatus.valueOf(Integer.parseInt(rule)), "<html>no</html>", "");
      }
    }

    private void answer(
        ChannelHandlerContext ctx, HttpResponseStatus status, String body, String upgrade) {
      DefaultFullHttpResponse response =
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1, status, Unpooled.copiedBuffer(body, UTF_8));
      if (upgrade.isEmpty()) {
        response.headers().set("Content-Length", response.content().readableBytes());
      } else {
        response.headers().set("Connection", "Upgrade").set("Upgrade", upgrade);
      }
      ctx.writeAndFlush(response);
    }

    private void webSocket(
        ChannelHandlerContext ctx, FullHttpRequest request, ForwardProtocol protocol, String pod) {
      ctx.pipeline().remove(this);
      WebSocketServerHandshaker13 handshaker =
          new WebSocketServerHandshaker13(
              "ws://test",
              "SPDY/3.1+portforward.k8s.io,v4.channel.k8s.io",
              false,
              64 * 1024 * 1024);
      Channel socket = ctx.channel();
      handshaker.handshake(socket, request);
      socket.pipeline().addLast(new Control());
      if (protocol == ForwardProtocol.CHANNELS) {
        Channels channels = new Channels(socket, pod);
        socket.pipeline().addLast(channels);
        channels.begin();
      } else {
        SpdyFrameCodec codec = new SpdyFrameCodec(SpdyVersion.SPDY_3_1);
        socket.pipeline().addLast(new Unwrap(), codec, new Streams(socket, pod));
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
              HttpVersion.HTTP_1_1, status, Unpooled.copiedBuffer(json, UTF_8));
      response.headers().set("Content-Length", response.content().readableBytes());
      ctx.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
    }

    private void upgrade(ChannelHandlerContext ctx, String pod) {
      DefaultFullHttpResponse response =
          new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.SWITCHING_PROTOCOLS);
      response.headers().set("Connection", "Upgrade").set("Upgrade", "SPDY/3.1");
      response.headers().set("X-Stream-Protocol-Version", "portforward.k8s.io");
      ctx.writeAndFlush(response);
      ctx.pipeline()
          .addLast(new SpdyFrameCodec(SpdyVersion.SPDY_3_1), new Streams(ctx.channel(), pod));
      ctx.pipeline().remove(this);
      ctx.pipeline().remove(HttpObjectAggregator.class);
      ctx.pipeline().remove(HttpServerCodec.class);
    }
  }

  /** Notes what an end writes to us. */
  private ServerPort port(Channel channel, String pod) {
    ServerPort port = new ServerPort(pod, channel, seen);
    ports.add(port);
    return port;
  }

  /** SPDY in WebSocket: the bytes of binary messages, whatever their borders. */
  private static final class Unwrap extends ChannelDuplexHandler {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof WebSocketFrame frame) {
        ctx.fireChannelRead(frame.content());
      } else {
        ctx.fireChannelRead(message);
      }
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
      ctx.write(message instanceof ByteBuf b ? new BinaryWebSocketFrame(b) : message, promise);
    }
  }

  /** Notes and answers WebSocket's control frames. */
  private final class Control extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      switch (message) {
        case CloseWebSocketFrame close -> {
          seen.add("close " + close.statusCode());
          close.release();
          ctx.close();
        }
        case PongWebSocketFrame pong -> {
          seen.add("websocket pong " + pong.content().toString(UTF_8));
          pong.release();
        }
        default -> ctx.fireChannelRead(message);
      }
    }
  }

  /** {@code v4.channel.k8s.io}. */
  private final class Channels extends ChannelInboundHandlerAdapter implements ServerPort.Out {
    private final ServerPort port;
    private final String pod;
    private final Channel socket;

    Channels(Channel socket, String pod) {
      this.socket = socket;
      this.pod = pod;
      this.port = port(socket, pod);
    }

    private void begin() {
      socket.write(new BinaryWebSocketFrame(channel(0).writeShortLE(2222)));
      socket.write(new BinaryWebSocketFrame(channel(1).writeShortLE(2222)));
      switch (pod) {
        case "fragments" -> fragments();
        case "pings" -> {
          for (int i = 0; i < 3; i++) {
            socket.write(new PingWebSocketFrame(Unpooled.copiedBuffer("p" + i, UTF_8)));
          }
        }
        case "closing" -> socket.write(new CloseWebSocketFrame(1011, "the runtime is gone"));
        default -> port.begin(this);
      }
      socket.flush();
    }

    /** Three fragments, a ping between; the second has no bytes. */
    private void fragments() {
      socket.write(
          new BinaryWebSocketFrame(false, 0, channel(0).writeBytes(ServerPort.pattern(0, 1000))));
      socket.write(new PingWebSocketFrame(Unpooled.copiedBuffer("between", UTF_8)));
      socket.write(new ContinuationWebSocketFrame(false, 0, Unpooled.EMPTY_BUFFER));
      socket.write(
          new ContinuationWebSocketFrame(
              true, 0, Unpooled.wrappedBuffer(ServerPort.pattern(1000, 16 << 20))));
    }

    private ByteBuf channel(int channel) {
      return Unpooled.buffer().writeByte(channel);
    }

    @Override
    public void data(ByteBuf bytes) {
      socket.write(new BinaryWebSocketFrame(Unpooled.wrappedBuffer(channel(0), bytes)));
    }

    @Override
    public void refuse(String why) {
      ByteBuf text = channel(1);
      text.writeCharSequence(why, UTF_8);
      socket.write(new BinaryWebSocketFrame(text));
      socket.write(new CloseWebSocketFrame(1000, ""));
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf content = ((BinaryWebSocketFrame) message).content();
      if (content.readUnsignedByte() != 0) {
        seen.add("another channel");
      }
      port.received(content);
      content.release();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      port.writable();
    }
  }

  /** The streams of {@code portforward.k8s.io}. */
  private final class Streams extends ChannelInboundHandlerAdapter implements ServerPort.Out {
    private final String pod;
    private final Channel socket;
    private final ServerPort port;

    Streams(Channel socket, String pod) {
      this.socket = socket;
      this.pod = pod;
      this.port = port(socket, pod);
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
        case SpdyDataFrame data -> {
          if (data.streamId() == 3) {
            port.received(data.content());
          }
          if (data.isLast()) {
            seen.add("fin " + data.streamId());
          }
          data.release();
        }
        case SpdyPingFrame ping -> {
          seen.add("pong " + ping.id());
          data(Unpooled.copiedBuffer("after pong", UTF_8));
          ctx.flush();
        }
        default -> seen.add(String.valueOf(frame));
      }
    }

    private void begin(ChannelHandlerContext ctx) {
      ctx.write(new DefaultSpdySettingsFrame());
      switch (pod) {
        case "rst" -> ctx.write(new DefaultSpdyRstStreamFrame(3, 1));
        case "goaway" -> ctx.write(new DefaultSpdyGoAwayFrame(3));
        case "pings" -> ctx.write(new DefaultSpdyPingFrame(2));
        case "nonsense" -> socket.pipeline().firstContext().writeAndFlush(versionNine());
        default -> port.begin(this);
      }
    }

    @Override
    public void data(ByteBuf bytes) {
      socket.write(new DefaultSpdyDataFrame(3, bytes));
    }

    @Override
    public void refuse(String why) {
      DefaultSpdyDataFrame text = new DefaultSpdyDataFrame(1, Unpooled.copiedBuffer(why, UTF_8));
      text.setLast(true);
      socket.write(text);
      DefaultSpdyDataFrame end = new DefaultSpdyDataFrame(3);
      end.setLast(true);
      socket.write(end);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      port.writable();
    }

    /** Goes around the codec. */
    private ByteBuf versionNine() {
      return Unpooled.wrappedBuffer(new byte[] {(byte) 0x80, 9, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0});
    }
  }
}
