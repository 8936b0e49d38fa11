package dev.ktd.session;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Work begun before its turn, on a virtual thread of its own, so that the time of a step that only
 * waits is used. What fails, fails where the result is asked for. Any thread.
 */
final class Ahead<T> {
  private final String what;
  private final FutureTask<T> task;
  private final Thread thread;

  private Ahead(String what, Callable<T> work) {
    this.what = what;
    this.task = new FutureTask<>(work);
    this.thread = Thread.ofVirtual().name("ktd-ahead").start(task);
  }

  /**
   * Begins.
   *
   * @param what names the work in errors, e.g. {@code finding networks}
   */
  static <T> Ahead<T> start(String what, Callable<T> work) {
    return new Ahead<>(what, work);
  }

  /** The result; waits for it. Throws what the work threw. */
  T await() throws InterruptedException {
    try {
      return task.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException failure -> throw failure;
        case InterruptedException _ -> throw new InterruptedException(what + " was interrupted");
        case null, default ->
            throw new KtdException(ErrorCode.INTERNAL, what + " failed.", null, e.getCause());
      }
    }
  }

  /** Whether the work ends in time, well or not; if not it is interrupted and left alone. */
  boolean endsWithin(Duration limit) throws InterruptedException {
    if (!thread.join(limit)) {
      thread.interrupt();
      return false;
    }
    return true;
  }

  /**
   * Interrupts the work and waits for its end; nothing when it has ended.
   *
   * @throws IllegalStateException when it does not end in time
   */
  void end(Duration limit) throws InterruptedException {
    thread.interrupt();
    if (!thread.join(limit)) {
      throw new IllegalStateException(what + " still goes on");
    }
  }
}
