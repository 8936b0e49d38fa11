package dev.ktd.carrier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.ssh.LeakWatch;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Port-forwards on one loop, to a server on another. */
@ExtendWith(LeakWatch.class)
@Timeout(60)
abstract class ForwardRig {
  final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  final MultiThreadIoEventLoopGroup serverGroup =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  final EventLoop loop = group.next();
  final ProtocolMemory memory = new ProtocolMemory();
  ForwardServer server;

  @BeforeEach
  void listen() throws Exception {
    server = new ForwardServer(serverGroup, InetAddress.ofLiteral("127.0.0.1"), null);
  }

  @AfterEach
  void stop() throws Exception {
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
    serverGroup.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
  }

  /** Counts and checks what comes. */
  static final class Ear implements Carrier.Listener {
    final CompletableFuture<Carrier> ready = new CompletableFuture<>();
    final CompletableFuture<KtdException> closed = new CompletableFuture<>();
    volatile String text = "";
    volatile long received;
    volatile boolean wrong;
    volatile int closings;

    /** Something else was told before it was ready. */
    volatile boolean beforeReady;

    Runnable whenWritable = () -> {};
    Runnable whenFull = () -> {};
    Consumer<Carrier> whenReady = _ -> {};

    @Override
    public void ready(Carrier carrier) {
      whenReady.accept(carrier);
      ready.complete(carrier);
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate")
    public void data(ByteBuf data) {
      beforeReady |= !ready.isDone();
      byte[] bytes = ByteBufUtil.getBytes(data);
      data.release();
      if (received + bytes.length < 4096) {
        text += new String(bytes, StandardCharsets.UTF_8);
      }
      for (int i = 0; i < bytes.length; i++) {
        wrong |= bytes[i] != at(received + i);
      }
      received += bytes.length;
    }

    @Override
    public void readComplete() {
      beforeReady |= !ready.isDone();
    }

    @Override
    public void writabilityChanged(boolean writable) {
      (writable ? whenWritable : whenFull).run();
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate")
    public void closed(Throwable why) {
      closings++;
      closed.complete((KtdException) why);
    }
  }

  static ApiServer api(String uri) {
    return new ApiServer(URI.create(uri), null, null, null, () -> "t0k3n", false, null, null);
  }

  ApiServer plain() {
    return api("http://127.0.0.1:" + server.port() + "/base/");
  }

  Ear open(ApiServer api, String pod) {
    Ear ear = new Ear();
    new PortForward(api, "team", pod, 2222, memory).open(loop, ear);
    return ear;
  }

  /** The byte at a position of what is sent. */
  static byte at(long position) {
    return (byte) (position * 31 + (position >>> 8));
  }

  static void until(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean() && System.nanoTime() < deadline) {
      LockSupport.parkNanos(1_000_000);
    }
  }

  static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(30, TimeUnit.SECONDS);
  }

  /** Writes so many bytes with regard to writability. */
  void pump(Carrier carrier, Ear ear, long total) {
    pump(carrier, ear, total, new long[1]);
  }

  /**
   * The same.
   *
   * @param sent how many so far, on the loop
   */
  void pump(Carrier carrier, Ear ear, long total, long[] sent) {
    Runnable more =
        () -> {
          while (sent[0] < total && carrier.isWritable()) {
            int n = (int) Math.min(30_000, total - sent[0]);
            byte[] bytes = new byte[n];
            for (int i = 0; i < n; i++) {
              bytes[i] = at(sent[0] + i);
            }
            sent[0] += n;
            carrier.write(ByteBufAllocator.DEFAULT.heapBuffer(n).writeBytes(bytes));
          }
          carrier.flush();
        };
    loop.execute(
        () -> {
          ear.whenWritable = more;
          more.run();
        });
  }

  void echoes(Ear ear, long bytes) throws Exception {
    Carrier carrier = get(ear.ready);
    pump(carrier, ear, bytes);
    until(() -> ear.received >= bytes || ear.closed.isDone());
    assertThat(ear.received).isEqualTo(bytes);
    assertThat(ear.wrong).isFalse();
    loop.execute(carrier::close);
    assertThat(get(ear.closed).code()).isEqualTo(ErrorCode.NOT_CONNECTED);
  }

  /** From now on openings begin with this protocol. */
  void beginWith(ForwardProtocol protocol) {
    String key = ForwardOpening.server(plain());
    while (memory.order(key).getFirst() != protocol) {
      memory.failed(key, memory.order(key).getFirst());
    }
  }
}
