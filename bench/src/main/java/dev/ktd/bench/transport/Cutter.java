package dev.ktd.bench.transport;

import dev.ktd.testbed.WireProcess;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Cuts a wire now and then, in each way in turn, until it is told to end. */
final class Cutter {
  private static final int PAUSE_SECONDS = 20;

  /** Until then the other end of a silent connection does not hear that this one is gone. */
  private static final int SILENT_SECONDS = 10;

  private final WireProcess wire;
  private final AtomicInteger cuts = new AtomicInteger();
  private final Thread thread;

  /** Begins. */
  Cutter(WireProcess wire) {
    this.wire = wire;
    this.thread = Thread.startVirtualThread(this::cut);
  }

  int cuts() {
    return cuts.get();
  }

  private void cut() {
    List<Runnable> ways = List.of(wire::reset, wire::silence, wire::end);
    try {
      while (true) {
        TimeUnit.SECONDS.sleep(PAUSE_SECONDS);
        ways.get(cuts.getAndIncrement() % ways.size()).run();
        TimeUnit.SECONDS.sleep(SILENT_SECONDS);
        wire.normal();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** From now on the wire is whole. */
  void end() throws InterruptedException {
    thread.interrupt();
    thread.join();
    wire.normal();
  }
}
