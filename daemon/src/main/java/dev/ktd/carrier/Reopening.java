package dev.ktd.carrier;

import dev.ktd.carrier.ResumeSettings.Timing;
import dev.ktd.error.KtdException;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens plain carriers for a stream up to the agent's greeting, one at a time, with pauses between
 * those that come to nothing. On the loop; only the route is asked elsewhere, since it blocks.
 */
final class Reopening {
  private static final Logger LOG = LoggerFactory.getLogger(Reopening.class);

  private final EventLoop loop;
  private final LongSupplier nanos;
  private final Executor blocking;
  private final Route route;
  private final Timing timing;
  private final Owner owner;
  private final String name;
  private boolean first = true;
  private int failures;
  private @Nullable KtdException lastFailure;
  private boolean wanted;

  /** The last leg was opened by a way that was offered. */
  private boolean offered;

  private boolean stopped;
  private @Nullable FutureTask<CarrierOpener> finding;
  private @Nullable Leg next;
  private long openedAt;
  private @Nullable Future<?> pause;

  /** Whose stream it is. */
  interface Owner {
    /** A leg that nothing was asked of yet; its greeting is told to its own owner. */
    Leg leg();

    /** An attempt came to nothing; {@link Reopening#failed} lets another one follow. */
    void attemptFailed(KtdException why);
  }

  /**
   * @param nanos the clock
   * @param blocking where the route is asked
   * @param name of the stream, for the log
   */
  Reopening(
      EventLoop loop,
      LongSupplier nanos,
      Executor blocking,
      Route route,
      Timing timing,
      Owner owner,
      String name) {
    this.loop = loop;
    this.nanos = nanos;
    this.blocking = blocking;
    this.route = route;
    this.timing = timing;
    this.owner = owner;
    this.name = name;
  }

  /** Begins to open one, unless that is under way. */
  void begin() {
    if (!wanted && !stopped) {
      wanted = true;
      attempt();
    }
  }

  /** Opens one by this way, unless that is under way. The route is next where one is needed. */
  void offer(CarrierOpener way) {
    if (!wanted && !stopped) {
      wanted = true;
      offered = true;
      open(way, timing.suspicion());
    }
  }

  /**
   * What may have failed for a reason that is gone begins at once; without {@link #begin}: nothing.
   */
  void hurry() {
    if (!wanted) {
      return;
    }
    if (pause != null) {
      attempt();
    } else if (next != null && nanos.getAsLong() - openedAt >= timing.suspicion().toNanos()) {
      // Its connection may wait for answers to an address that this machine does not have any more.
      dropNext();
      attempt();
    }
  }

  /** The carrier that there is will do: none is needed but one by a way that was offered. */
  void calm() {
    if (!offered) {
      cancel();
    }
  }

  /** None is needed any more. */
  void cancel() {
    wanted = false;
    offered = false;
    failures = 0;
    lastFailure = null;
    stopPause();
    dropNext();
  }

  /** Ends for good; a route that is being asked is interrupted. */
  void stop() {
    stopped = true;
    cancel();
    if (finding != null) {
      finding.cancel(true);
      finding = null;
    }
  }

  /** A leg has ended. True: it was the one being opened. */
  boolean ended(Leg leg) {
    boolean mine = leg == next;
    if (mine) {
      next = null;
    }
    return mine;
  }

  /** The leg that was opened is the stream's from now on. Failures count until {@link #cancel}. */
  void taken() {
    first = false;
    next = null;
    wanted = false;
  }

  /** Why the last attempt since the last success failed, or null. */
  @Nullable String lastFailure() {
    return lastFailure == null ? null : lastFailure.getMessage();
  }

  /** An attempt came to nothing: another one follows after a pause. */
  void failed(KtdException why) {
    if (stopped) {
      return;
    }
    String message = String.valueOf(why.getMessage());
    if (!message.equals(lastFailure())) {
      LOG.info("{}: cannot be carried on yet: {}", name, message);
    }
    lastFailure = why;
    wanted = true;
    if (offered) {
      attempt(); // another way, so it need not wait
    } else if (next == null && pause == null && finding == null) {
      Duration length = doubled(timing.firstPause(), timing.longestPause());
      failures++;
      pause = loop.schedule(this::attempt, length.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private Duration doubled(Duration first, Duration longest) {
    Duration length = first.multipliedBy(1L << Math.min(failures, 16));
    return length.compareTo(longest) < 0 ? length : longest;
  }

  private void stopPause() {
    if (pause != null) {
      pause.cancel(false);
      pause = null;
    }
  }

  private void dropNext() {
    Leg dropped = next;
    next = null;
    if (dropped != null) {
      dropped.drop();
    }
  }

  private void attempt() {
    offered = false;
    stopPause();
    if (finding != null) {
      return; // asked for one that was cancelled meanwhile: its answer will do
    }
    FutureTask<CarrierOpener> asking =
        new FutureTask<>(route::find) {
          @Override
          protected void done() {
            loop.execute(() -> found(this));
          }
        };
    finding = asking;
    blocking.execute(asking);
  }

  private void found(Future<CarrierOpener> asked) {
    if (stopped) {
      return;
    }
    finding = null;
    if (!wanted || next != null) {
      return;
    }
    try {
      open(
          asked.get(),
          first ? timing.longestAttempt() : doubled(timing.attempt(), timing.longestAttempt()));
    } catch (ExecutionException e) {
      owner.attemptFailed(StreamFailures.of(e.getCause() == null ? e : e.getCause()));
    } catch (InterruptedException | CancellationException e) {
      owner.attemptFailed(StreamFailures.of(e)); // it is done, so these cannot be
    }
  }

  private void open(CarrierOpener way, Duration patience) {
    Leg leg = owner.leg();
    next = leg;
    openedAt = nanos.getAsLong();
    leg.open(way, patience);
  }
}
