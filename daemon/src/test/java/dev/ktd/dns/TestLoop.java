package dev.ktd.dns;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** An event loop that runs in the test's thread, with a clock that the test moves. */
final class TestLoop extends AbstractExecutorService implements ScheduledExecutorService {
  private final Deque<Runnable> ready = new ArrayDeque<>();
  private final PriorityQueue<Timer> timers =
      new PriorityQueue<>(
          Comparator.<Timer>comparingLong(timer -> timer.due)
              .thenComparingLong(timer -> timer.number));
  private long now = 1_000_000_000_000L;
  private long number;

  long nanos() {
    return now;
  }

  /** Runs what is due now. */
  void run() {
    Runnable task = ready.poll();
    while (task != null) {
      task.run();
      task = ready.poll();
    }
  }

  /** Lets time pass, with all timers in their order. */
  void advance(Duration time) {
    run();
    long end = now + time.toNanos();
    while (!timers.isEmpty() && timers.peek().due <= end) {
      Timer timer = timers.remove();
      now = Math.max(now, timer.due);
      timer.fire();
      run();
    }
    now = end;
  }

  /** How many timers wait. */
  int timers() {
    timers.removeIf(FutureTask::isCancelled);
    return timers.size();
  }

  @Override
  public void execute(Runnable task) {
    ready.add(task);
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
    return add(new Timer(task, now + unit.toNanos(delay), 0));
  }

  @Override
  public <V> ScheduledFuture<V> schedule(Callable<V> task, long delay, TimeUnit unit) {
    throw new UnsupportedOperationException();
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(
      Runnable task, long initialDelay, long period, TimeUnit unit) {
    throw new UnsupportedOperationException();
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable task, long initialDelay, long delay, TimeUnit unit) {
    return add(new Timer(task, now + unit.toNanos(initialDelay), unit.toNanos(delay)));
  }

  private Timer add(Timer timer) {
    timers.add(timer);
    return timer;
  }

  @Override
  public void shutdown() {}

  @Override
  public List<Runnable> shutdownNow() {
    return List.of();
  }

  @Override
  public boolean isShutdown() {
    return false;
  }

  @Override
  public boolean isTerminated() {
    return false;
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return false;
  }

  private final class Timer extends FutureTask<Void> implements ScheduledFuture<Void> {
    private final long period;
    private final long number;
    private long due;

    Timer(Runnable task, long due, long period) {
      super(task, null);
      this.due = due;
      this.period = period;
      this.number = TestLoop.this.number++;
    }

    void fire() {
      if (isCancelled()) {
        return;
      }
      if (period == 0) {
        super.run();
      } else if (runAndReset()) {
        due = now + period;
        timers.add(this);
      }
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(due - now, TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
      return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
    }
  }
}
