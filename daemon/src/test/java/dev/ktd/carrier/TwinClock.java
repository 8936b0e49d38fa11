package dev.ktd.carrier;

import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** An event loop whose time passes when a test says so. One thread. */
final class TwinClock {
  private final MockTicker ticker = Ticker.newMockTicker();
  private final EmbeddedChannel channel = EmbeddedChannel.builder().ticker(ticker).build();

  EventLoop loop() {
    return channel.eventLoop();
  }

  long nanos() {
    return ticker.nanoTime();
  }

  /** Runs what is to be done now. */
  void settle() {
    do {
      channel.runPendingTasks();
    } while (channel.hasPendingTasks());
    channel.checkException();
  }

  /** Lets time pass, from one timer to the next. */
  void pass(Duration time) {
    long end = nanos() + time.toNanos();
    settle();
    long left = end - nanos();
    while (left > 0) {
      long next = channel.runScheduledPendingTasks();
      ticker.advance(next < 0 ? left : Math.clamp(next, 1, left), TimeUnit.NANOSECONDS);
      settle();
      left = end - nanos();
    }
  }

  void passMillis(long millis) {
    pass(Duration.ofMillis(millis));
  }

  /**
   * Lets time pass until something is so.
   *
   * @return milliseconds that it took
   * @throws AssertionError if it takes more than {@code limit}
   */
  long passUntil(Duration limit, BooleanSupplier so) {
    long start = nanos();
    settle();
    while (!so.getAsBoolean()) {
      if (nanos() - start > limit.toNanos()) {
        throw new AssertionError("not within " + limit);
      }
      long next = channel.runScheduledPendingTasks();
      ticker.advance(next < 0 ? limit.toNanos() : Math.max(1, next), TimeUnit.NANOSECONDS);
      settle();
    }
    return (nanos() - start) / 1_000_000;
  }
}
