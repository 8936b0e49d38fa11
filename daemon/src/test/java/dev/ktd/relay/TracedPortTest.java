package dev.ktd.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class TracedPortTest {
  private static final byte[] PING =
      HexFormat.of().parseHex("450000200000400040016396c61200010a2b0709080019260007000270696e67");

  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final IoEventLoop loop = group.next();
  private final Logger logger = Logger.getLogger(TracedPort.class.getName());
  private final Level before = logger.getLevel();
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final PipeTun tun = new PipeTun();
  private final Handler reader =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          lines.add(line.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @AfterEach
  void close() {
    logger.removeHandler(reader);
    logger.setLevel(before);
    logger.setUseParentHandlers(true);
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  private FramePort traced() {
    logger.setLevel(Level.FINEST);
    logger.setUseParentHandlers(false);
    logger.addHandler(reader);
    return TracedPort.around(tun, false);
  }

  @Test
  void withoutTraceThePortIsLeftAlone() {
    logger.setLevel(Level.INFO);
    assertThat(TracedPort.around(tun, true)).isSameAs(tun);
  }

  @Test
  void framesOfBothDirectionsAreLines() throws Exception {
    FramePort port = traced();
    List<String> heard = new ArrayList<>();
    port.start(loop, new Noting(heard)).sync();
    tun.deliver(PING);
    ByteBuffer headers = ByteBuffer.wrap(PING, 0, 28).slice();
    ByteBuffer payload = ByteBuffer.wrap(PING, 28, 4).slice();
    assertThat(port.send(headers, payload, ByteBuffer.allocate(0))).isTrue();
    tun.fail(new IOException("gone"));
    loop.submit(() -> {}).get();

    String ping = "IP 198.18.0.1 > 10.43.7.9: ICMP echo request, id 7, seq 2, length 12";
    assertThat(lines)
        .containsExactlyInAnyOrder(
            ">> " + ping, "<< " + ping, "<< the device is gone: java.io.IOException: gone");
    assertThat(heard).containsExactly("32 B", "batch end", "gone");
    assertThat(tun.sent().remove()).isEqualTo(PING);
    assertThat(port.counters()).isEqualTo(tun.counters());
    port.stop().sync();
  }

  private record Noting(List<String> heard) implements FramePort.Receiver {
    @Override
    public void frame(ByteBuffer frame) {
      heard.add(frame.remaining() + " B");
    }

    @Override
    public void batchEnd() {
      heard.add("batch end");
    }

    @Override
    public void failed(IOException why) {
      heard.add(String.valueOf(why.getMessage()));
    }
  }
}
