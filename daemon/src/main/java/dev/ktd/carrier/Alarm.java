package dev.ktd.carrier;

import io.netty.channel.EventLoop;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One timer that may ring early but never late, so that a deadline which moves on with each packet
 * costs nothing. On the loop.
 */
final class Alarm {
  private final EventLoop loop;
  private final LongSupplier nanos;
  private final Runnable rings;
  private @Nullable Future<?> timer;
  private long at;

  /**
   * @param nanos the clock that deadlines are of
   */
  Alarm(EventLoop loop, LongSupplier nanos, Runnable rings) {
    this.loop = loop;
    this.nanos = nanos;
    this.rings = rings;
  }

  /** Rings at {@code deadline} at the latest. */
  void by(long deadline) {
    if (timer != null) {
      if (at <= deadline) {
        return;
      }
      timer.cancel(false);
    }
    at = deadline;
    long delay = Math.max(0, deadline - nanos.getAsLong());
    timer = loop.schedule(this::ring, delay, TimeUnit.NANOSECONDS);
  }

  void cancel() {
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }

  private void ring() {
    timer = null;
    rings.run();
  }
}
