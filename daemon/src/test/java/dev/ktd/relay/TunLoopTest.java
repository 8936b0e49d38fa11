package dev.ktd.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.stack.Stack;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class TunLoopTest {
  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final IoEventLoop loop = group.next();
  private final PipeTun tun = new PipeTun();
  private final FakeFarSide tunnel = new FakeFarSide();
  private final RecordingStack stack = new RecordingStack();
  private final CompletableFuture<IOException> lost = new CompletableFuture<>();
  private final TunLoop tunLoop =
      new TunLoop(
          loop,
          tun,
          new Destinations(Map.of(), List.of(), new Destinations.Via(tunnel, tunnel)),
          (flows, frames) -> stack,
          lost::complete);

  @AfterEach
  void stop() {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  /** Waits until all that was given to the loop before has had its turn. */
  private void settle() throws Exception {
    loop.submit(() -> {}).get();
    loop.submit(() -> {}).get();
  }

  @Test
  void aBatchOfFramesHasOnePoll() throws Exception {
    tunLoop.start().sync();
    tun.deliver(new byte[1], new byte[2], new byte[3]);
    settle();
    assertThat(stack.events).containsExactly("frame 1", "frame 2", "frame 3", "poll");
  }

  @Test
  void theTimerPollsAtTheDeadlineAndOnlyThen() throws Exception {
    tunLoop.start().sync();
    stack.deadlineIn = TimeUnit.MILLISECONDS.toNanos(30);
    tun.deliver(new byte[1]);
    stack.polled.get(10, TimeUnit.SECONDS);
    assertThat(stack.events).containsExactly("frame 1", "poll", "poll at deadline");
    settle();
    assertThat(stack.events).hasSize(3);
  }

  @Test
  void aLostDeviceIsReported() throws Exception {
    tunLoop.start().sync();
    tun.fail(new IOException("gone"));
    assertThat(lost.get(10, TimeUnit.SECONDS)).hasMessage("gone");
  }

  @Test
  void afterCloseNothingReachesTheStack() throws Exception {
    tunLoop.start().sync();
    tunLoop.close().sync();
    tun.deliver(new byte[1]);
    settle();
    assertThat(stack.events).containsExactly("close");
    tunLoop.close().sync();
    assertThat(stack.events).containsExactly("close");
  }

  @Test
  void aCloseThatFailsIsToldAndDoesNotHang() throws Exception {
    tunLoop.start().sync();
    stack.broken = true;
    assertThat(tunLoop.close().await().cause()).hasMessage("broken");
  }

  @Test
  void statusIsTakenOnTheLoop() throws Exception {
    tunLoop.start().sync();
    TunLoop.Status status = tunLoop.status().get();
    assertThat(status.relay()).isEqualTo(new Relay.Counters(0, 0, 0, 0));
    assertThat(status.tcp()).isEqualTo(3);
    assertThat(status.udp()).isEqualTo(4);
    assertThat(status.counters())
        .containsEntry("drops.checksum", 5L)
        .containsEntry("drops.device.eio", 7L)
        .containsEntry("drops.tunnel-datagrams", 0L);
  }

  /** Written by the loop, read by the test after it. */
  private static final class RecordingStack implements Stack {
    final List<String> events = new CopyOnWriteArrayList<>();
    final CompletableFuture<Void> polled = new CompletableFuture<>();
    volatile long deadlineIn = Long.MAX_VALUE;
    volatile boolean broken;
    private long deadline = Long.MAX_VALUE;

    @Override
    public void receive(ByteBuffer frame, long now) {
      events.add("frame " + frame.remaining());
      if (deadlineIn != Long.MAX_VALUE) {
        deadline = now + deadlineIn;
      }
    }

    @Override
    public void poll(long now) {
      boolean due = deadline <= now;
      events.add(due ? "poll at deadline" : "poll");
      if (due) {
        deadline = Long.MAX_VALUE;
        polled.complete(null);
      }
    }

    @Override
    public long nextDeadline() {
      return deadline;
    }

    @Override
    public Map<String, Long> counters() {
      return Map.of("drops.checksum", 5L);
    }

    @Override
    public int tcpFlows() {
      return 3;
    }

    @Override
    public int udpFlows() {
      return 4;
    }

    @Override
    public void close() {
      events.add("close");
      if (broken) {
        throw new IllegalStateException("broken");
      }
    }
  }
}
