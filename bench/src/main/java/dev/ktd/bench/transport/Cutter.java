package dev.ktd.bench.transport;

import dev.ktd.testbed.WireProcess;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Cuts a wire now and then, in each way in turn, until it is told to end. */
final class Cutter {
  private static final int PAUSE_SECONDS = 20;

  /** Until then the other end of a silent connection does not hear that this one is gone. */
  private static final int SILENT_SECONDS = 10;

  private final WireProcess wire;
  private final AtomicInteger cuts = new AtomicInteger();
  private final CountDownLatch over = new CountDownLatch(1);
  private final FutureTask<Void> cutting = new FutureTask<>(this::cut);

  /** Begins. */
  Cutter(WireProcess wire) {
    this.wire = wire;
    Thread.startVirtualThread(cutting);
  }

  int cuts() {
    return cuts.get();
  }

  /** How many there are in this time, unless the machine is very busy. */
  static int expected(long millis) {
    return (int) (TimeUnit.MILLISECONDS.toSeconds(millis) / (PAUSE_SECONDS + SILENT_SECONDS) / 2);
  }

  private Void cut() throws InterruptedException {
    List<Runnable> ways = List.of(wire::reset, wire::silence, wire::end);
    while (!over.await(PAUSE_SECONDS, TimeUnit.SECONDS)) {
      ways.get(cuts.get() % ways.size()).run();
      cuts.incrementAndGet();
      boolean _ = over.await(SILENT_SECONDS, TimeUnit.SECONDS);
      wire.normal();
    }
    return null;
  }

  /**
   * From now on the wire is whole.
   *
   * @throws IllegalStateException when the wire could not be cut any more
   */
  void end() throws InterruptedException {
    over.countDown();
    try {
      cutting.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("cuts ended after " + cuts, e.getCause());
    }
  }
}
