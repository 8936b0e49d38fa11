package dev.ktd.control;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

/** A daemon that does what the test says. */
final class ScriptedHandler implements RequestHandler {
  /** What a request does; replaced by the test. */
  @FunctionalInterface
  interface Script {
    String run(Consumer<Event> events) throws InterruptedException;
  }

  final BlockingQueue<Request.Up> ups = new LinkedBlockingQueue<>();
  final CountDownLatch interrupted = new CountDownLatch(1);
  volatile Script up = events -> "Connected.";
  volatile Script down = events -> "Disconnected.";
  volatile StatusReport report = StatusReport.idle();

  /** Waits until the client goes away, then undoes. */
  Script untilInterrupted() {
    return events -> {
      events.accept(new Event.Progress("proxy", "waiting", false, 0));
      try {
        new CountDownLatch(1).await();
        return "never";
      } catch (InterruptedException gone) {
        interrupted.countDown();
        events.accept(new Event.Progress("undo", "everything", true, 1));
        throw gone;
      }
    };
  }

  @Override
  public String up(Request.Up request, Consumer<Event> events) throws InterruptedException {
    ups.add(request);
    return up.run(events);
  }

  @Override
  public String down(Consumer<Event> events) throws InterruptedException {
    return down.run(events);
  }

  @Override
  public StatusReport status() {
    return report;
  }
}
