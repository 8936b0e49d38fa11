package dev.ktd.control;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs the handler for each request on a virtual thread and turns what comes out into answers. */
final class Requests {
  private static final Logger LOG = LoggerFactory.getLogger(Requests.class);
  private static final int MAX_CONCURRENT = 64;
  // A client that does not read: progress is dropped first, then the client.
  private static final long MAX_UNREAD = 1024 * 1024;

  private final RequestHandler handler;
  private final Account.Directory accounts;
  private final Set<Thread> workers = ConcurrentHashMap.newKeySet();

  Requests(RequestHandler handler, Account.Directory accounts) {
    this.handler = handler;
    this.accounts = accounts;
  }

  Thread up(Channel channel, Peer peer, byte[] body) {
    return start(
        channel,
        "up",
        () -> {
          Request.Up request = ControlJson.readUp(body);
          RequestRules.check(request);
          peer.checkMayActFor(request.caller(), accounts);
          stream(channel, events -> handler.up(request, events));
        });
  }

  Thread down(Channel channel) {
    return start(channel, "down", () -> stream(channel, handler::down));
  }

  Thread status(Channel channel) {
    return start(
        channel,
        "status",
        () -> Answers.whole(channel, HttpResponseStatus.OK, ControlJson.write(handler.status())));
  }

  private Thread start(Channel channel, String name, Runnable work) {
    Thread worker =
        Thread.ofVirtual()
            .name("ktd-request-" + name)
            .unstarted(
                () -> {
                  try {
                    work.run();
                  } catch (Throwable failure) {
                    KtdException told = told(failure);
                    Answers.refuse(channel, status(told.code()), told);
                  } finally {
                    workers.remove(Thread.currentThread());
                  }
                });
    if (workers.size() >= MAX_CONCURRENT) {
      Answers.refuse(
          channel,
          HttpResponseStatus.SERVICE_UNAVAILABLE,
          new KtdException(ErrorCode.CONFLICT, "too many requests at once.", "Try again."));
      return worker;
    }
    workers.add(worker);
    worker.start();
    return worker;
  }

  private void stream(Channel channel, Work work) {
    Answers.beginStream(channel);
    Event last;
    try {
      last = new Event.Finished(work.run(event -> send(channel, event)));
    } catch (Throwable failure) {
      last = Event.Failed.of(told(failure));
    }
    Answers.event(channel, last);
    Answers.endStream(channel);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // nobody waits for a connection to be closed
  private static void send(Channel channel, Event event) {
    if (channel.isWritable()) {
      Answers.event(channel, event);
    } else if (!(event instanceof Event.Progress progress) || progress.done()) {
      if (channel.bytesBeforeWritable() > MAX_UNREAD) {
        channel.close();
      } else {
        Answers.event(channel, event);
      }
    }
  }

  private static KtdException told(Throwable failure) {
    return switch (failure) {
      case KtdException known -> known;
      case InterruptedException _ ->
          new KtdException(ErrorCode.INTERRUPTED, "interrupted.", "See:  ktd status");
      default -> {
        LOG.error("{} failed by a defect", Thread.currentThread().getName(), failure);
        yield new KtdException(
            ErrorCode.INTERNAL,
            "the ktd daemon failed by a defect: " + failure,
            "Read its log:  sudo tail -n 50 /var/log/ktd/daemon.log   or:  journalctl -u ktd",
            failure);
      }
    };
  }

  private static HttpResponseStatus status(ErrorCode code) {
    if (code == ErrorCode.USAGE) {
      return HttpResponseStatus.BAD_REQUEST;
    }
    return code == ErrorCode.PERMISSION
        ? HttpResponseStatus.FORBIDDEN
        : HttpResponseStatus.INTERNAL_SERVER_ERROR;
  }

  /** Interrupts what runs and waits for it. */
  void close(Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    workers.forEach(Thread::interrupt);
    try {
      for (Thread worker : workers) {
        if (!worker.join(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())))) {
          LOG.warn("{} still runs while the daemon ends", worker.getName());
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  @FunctionalInterface
  private interface Work {
    String run(Consumer<Event> events) throws InterruptedException;
  }
}
