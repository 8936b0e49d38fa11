package dev.ktd.carrier;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** What listens behind a forwarded port: an echo, a flood, a sink that may stop, or nobody. */
@SuppressWarnings("FutureReturnValueIgnored")
final class ServerPort {
  /** Bytes of a flood. */
  static final long FLOOD = 32L << 20;

  private static final int CHUNK = 64 * 1024;

  /** Bytes written by a flood, or taken by a sink. */
  final AtomicLong bytes = new AtomicLong();

  private final String pod;
  private final Channel socket;
  private final List<String> seen;
  private @Nullable Out out;

  /** The stream to the client, by whatever protocol; on the server's loop. */
  interface Out {
    /** Takes ownership. */
    void data(ByteBuf bytes);

    /** Says on the error stream that nobody listens, and ends. */
    void refuse(String why);
  }

  ServerPort(String pod, Channel socket, List<String> seen) {
    this.pod = pod;
    this.socket = socket;
    this.seen = seen;
  }

  static byte[] pattern(long from, int n) {
    byte[] bytes = new byte[n];
    for (int i = 0; i < n; i++) {
      bytes[i] = ForwardRig.at(from + i);
    }
    return bytes;
  }

  void begin(Out to) {
    out = to;
    switch (pod) {
      case "refused" -> to.refuse("dial tcp4 127.0.0.1:2222: connection refused");
      case "flood" -> writable();
      case "stalled" -> {
        socket.config().setAutoRead(false);
        socket.pipeline().addFirst("gate", new Gate());
      }
      default -> {
        // Waits for data.
      }
    }
  }

  /** A stalled sink reads on. */
  void resume() {
    socket.pipeline().remove("gate");
    socket.config().setAutoRead(true);
  }

  /**
   * Lets no read through. Where nothing asks for one, Netty's SPDY decoder would read by itself.
   */
  private static final class Gate extends ChannelOutboundHandlerAdapter {
    @Override
    public void read(ChannelHandlerContext ctx) {}
  }

  /** Does not take ownership. */
  void received(ByteBuf content) {
    switch (pod) {
      case "echo" -> {
        if (content.isReadable() && out != null) {
          out.data(content.readRetainedSlice(content.readableBytes()));
          socket.flush();
        }
      }
      case "stalled" -> {
        // In one piece: leak detection makes each access dear.
        byte[] got = ByteBufUtil.getBytes(content);
        if (!Arrays.equals(got, pattern(bytes.get(), got.length))) {
          seen.add("wrong byte");
        }
        bytes.addAndGet(got.length);
      }
      default -> {
        // Of no interest.
      }
    }
  }

  /** A flood goes on. */
  void writable() {
    Out to = out;
    if (!pod.equals("flood") || to == null) {
      return;
    }
    while (bytes.get() < FLOOD && socket.isWritable()) {
      long from = bytes.getAndAdd(CHUNK);
      to.data(Unpooled.wrappedBuffer(pattern(from, CHUNK)));
    }
    socket.flush();
  }
}
