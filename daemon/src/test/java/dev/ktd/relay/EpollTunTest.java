package dev.ktd.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.os.TunDevice;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The handle in the loop; a pipe stands in for the device. */
@Timeout(30)
class EpollTunTest {
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final IoEventLoop loop = group.next();
  private final List<String> heard = new CopyOnWriteArrayList<>();
  private final CompletableFuture<Void> batch = new CompletableFuture<>();
  private FileDescriptor reading;
  private FileDescriptor writing;

  @BeforeEach
  void open() throws IOException {
    FileDescriptor[] pipe = FileDescriptor.pipe();
    reading = pipe[0];
    writing = pipe[1];
  }

  @AfterEach
  void close() throws IOException {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    reading.close();
    writing.close();
  }

  private static TunDevice device(FileDescriptor descriptor) {
    return new PipeDevice(descriptor.intValue());
  }

  private FramePort.Receiver receiver() {
    return new FramePort.Receiver() {
      @Override
      public void frame(ByteBuffer frame) {
        heard.add(frame.remaining() + " B");
      }

      @Override
      public void batchEnd() {
        batch.complete(null);
      }

      @Override
      public void failed(IOException why) {
        heard.add("failed");
      }
    };
  }

  private static ByteBuffer direct(int size) {
    return ByteBuffer.allocateDirect(size);
  }

  @Test
  void whatIsWrittenInThreePiecesIsReadAsOneFrame() throws Exception {
    var reader = new EpollTun(device(reading));
    reader.start(loop, receiver()).sync();
    assertThat(new EpollTun(device(writing)).send(direct(20), direct(5), direct(7))).isTrue();
    batch.get(10, TimeUnit.SECONDS);
    assertThat(heard).containsExactly("32 B");
    reader.stop().sync();
  }

  @Test
  void stopBeforeStartAndStopTwiceAreDoneAtOnce() {
    var tun = new EpollTun(device(reading));
    assertThat(tun.stop().isDone()).isTrue();
    assertThat(tun.stop().isSuccess()).isTrue();
  }

  @Test
  void stopWhileTheRegistrationIsOnItsWayLeavesNothingWatched() throws Exception {
    var tun = new EpollTun(device(reading));
    var held = new CountDownLatch(1);
    loop.execute(
        () -> {
          try {
            held.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    Future<?> started = tun.start(loop, receiver());
    Future<?> stopped = tun.stop();
    assertThat(stopped.isDone()).isFalse();
    held.countDown();
    stopped.sync();
    started.await();
    writing.write(ByteBuffer.allocateDirect(4), 0, 4);
    loop.submit(() -> {}).get();
    loop.submit(() -> {}).get();
    assertThat(heard).isEmpty();
  }

  @Test
  void stopAfterTheLoopHasEndedIsDone() throws Exception {
    var tun = new EpollTun(device(reading));
    tun.start(loop, receiver()).sync();
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    assertThat(tun.stop().await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void lossesAreCountedByTheKernelsReason() {
    var tun = new EpollTun(device(reading)); // The wrong end: EBADF, which Netty maps.
    assertThat(tun.send(direct(20), NOTHING, NOTHING)).isFalse();
    assertThat(tun.counters())
        .containsEntry("drops.device.other", 1L)
        .containsEntry("drops.device.eagain", 0L)
        .containsEntry("drops.device.eio", 0L)
        .containsEntry("drops.device.einval", 0L)
        .containsEntry("drops.device.ebadfd", 0L);
  }

  private record PipeDevice(int descriptor) implements TunDevice {
    @Override
    public String name() {
      return "pipe";
    }

    @Override
    public int mtu() {
      return 1500;
    }

    @Override
    public Offloads offloads() {
      return Offloads.NONE;
    }

    @Override
    public void close() {}
  }
}
