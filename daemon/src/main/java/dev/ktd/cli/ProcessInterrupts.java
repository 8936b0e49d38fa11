package dev.ktd.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Signals by the JDK's shutdown hook, the only supported way: the hook tells the command, waits for
 * its end and sets the exit status, which would be that of the signal otherwise. A command that
 * never asked for signals ends as any Java program.
 */
final class ProcessInterrupts implements Interrupts {
  // Undoing includes the cluster; a second Ctrl-C cannot be seen from a hook.
  private static final long LIMIT_SECONDS = 60;

  private final CountDownLatch arrived = new CountDownLatch(1);
  private final CountDownLatch ended = new CountDownLatch(1);
  private final Object lock = new Object();
  private @Nullable Runnable action;
  private boolean hooked;
  private volatile int exitStatus;

  @Override
  public Scope during(Runnable onSignal) {
    hook();
    boolean late;
    synchronized (lock) {
      action = onSignal;
      late = arrived.getCount() == 0;
    }
    if (late) {
      onSignal.run();
    }
    return () -> {
      synchronized (lock) {
        action = null;
      }
    };
  }

  @Override
  public boolean await(Duration limit) throws InterruptedException {
    hook();
    return arrived.await(limit.toNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public void ended(int status) {
    exitStatus = status;
    ended.countDown();
  }

  private void hook() {
    synchronized (lock) {
      if (!hooked) {
        hooked = true;
        Runtime.getRuntime().addShutdownHook(new Thread(this::shutDown, "ktd-signal"));
      }
    }
  }

  private void shutDown() {
    if (ended.getCount() == 0) {
      return; // System.exit after the command, no signal
    }
    Runnable told;
    synchronized (
        lock) { // Either we see the action here, or during() sees the signal: it is told once.
      arrived.countDown();
      told = action;
    }
    if (told != null) {
      told.run();
    }
    try {
      if (!ended.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        exitStatus = 130;
      }
    } catch (InterruptedException _) {
      exitStatus = 130;
    }
    Runtime.getRuntime().halt(exitStatus);
  }
}
