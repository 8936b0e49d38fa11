package dev.ktd.dns;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A question under way to the cluster, for all who wait for its answer. Knows where it was asked so
 * far; {@link ClusterResolver} decides where it goes next. On the relay's event loop.
 */
final class ClusterQuestion {
  private final Question question;
  private final List<Consumer<Outcome>> waiting = new ArrayList<>();
  private @Nullable Future<?> deadline;
  private @Nullable Future<?> patience;
  private @Nullable ClusterStream stream;
  private int server;
  private boolean retried;

  ClusterQuestion(Question question) {
    this.question = question;
  }

  Question question() {
    return question;
  }

  /** Place in the list of servers. */
  int server() {
    return server;
  }

  /** Whether it must have a connection on which nothing was asked before. */
  boolean needsFreshStream() {
    return retried;
  }

  @Nullable ClusterStream stream() {
    return stream;
  }

  void join(Consumer<Outcome> waiter) {
    waiting.add(waiter);
  }

  /** It fails for good at {@code deadline}. */
  void deadline(Future<?> timer) {
    deadline = timer;
  }

  /** It is on its way by {@code stream}, which has until {@code patience}. */
  void askedOn(ClusterStream stream, Future<?> patience) {
    this.stream = stream;
    this.patience = patience;
  }

  /** It is no longer on its way. */
  void takenBack() {
    if (patience != null) {
      patience.cancel(false);
    }
    stream = null;
  }

  /** To the same server once more, else to the next. */
  void next(boolean serverIsAlive) {
    if (serverIsAlive && !retried) {
      retried = true;
    } else {
      retried = false;
      server++;
    }
  }

  /** Tells all who wait, once. */
  void finish(Outcome outcome) {
    takenBack();
    if (deadline != null) {
      deadline.cancel(false);
    }
    List<Consumer<Outcome>> all = List.copyOf(waiting);
    waiting.clear();
    all.forEach(waiter -> waiter.accept(outcome));
  }
}
