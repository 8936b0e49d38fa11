package dev.ktd.session;

import dev.ktd.carrier.AgentInfo;
import dev.ktd.carrier.Carrier;
import dev.ktd.carrier.CarrierOpener;
import dev.ktd.carrier.ResumableCarrier;
import dev.ktd.carrier.ResumeSettings;
import dev.ktd.carrier.Route;
import dev.ktd.error.KtdException;
import dev.ktd.ssh.SshSettings;
import dev.ktd.ssh.SshTransport;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The place of one carrier in a tunnel: one transport at a time, over a carrier that resumes. On
 * the event loop, except {@link #open}, {@link #close} and the figures.
 *
 * <pre>
 *   DOWN ---> UP <---> SUSPENDED      (both may go DOWN: the stream is over)
 * </pre>
 */
final class Lane implements SshTransport.Listener, ResumableCarrier.Events {
  private static final Logger LOG = LoggerFactory.getLogger(Lane.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  /** What a lane can do for its flows now. */
  enum State {
    /** There is no transport, or not yet. */
    DOWN,
    /** Flows may be opened. */
    UP,
    /** Open flows live on, but nothing carries their bytes at the moment, as far as we know. */
    SUSPENDED
  }

  /** What a lane tells its tunnel. On the event loop. */
  interface Owner {
    /** The lane is up now, or suspended. */
    void changed(Lane lane);

    void introduced(AgentInfo agent);

    /** The transport is gone or did not come up; the lane may be opened again. */
    void down(Lane lane, KtdException why);
  }

  /**
   * What all lanes of a tunnel are made of.
   *
   * @param route to the pod, asked anew for each plain carrier
   * @param better another way to it, for lanes that are up; may come at any time, or never
   */
  record Setup(
      EventLoop loop,
      SshSettings ssh,
      ResumeSettings resume,
      Route route,
      Supplier<CompletionStage<CarrierOpener>> better) {}

  private final int id;
  private final Setup setup;
  private final Owner owner;

  private volatile State state = State.DOWN;
  private volatile @Nullable SshTransport transport;
  private volatile @Nullable ResumableCarrier carrier;
  private volatile String lastPath = "port-forward";
  private volatile boolean closed;
  private boolean ready;

  /** Nothing carries the stream. */
  private boolean cut;

  /** What carries the stream does not answer. */
  private boolean silent;

  private int failures;
  private @Nullable SshTransport lastGone;
  private @Nullable Future<?> reopening;
  private final AtomicLong reopened = new AtomicLong();
  private final AtomicLong resumedBefore = new AtomicLong();
  private final AtomicLong bytesUpBefore = new AtomicLong();
  private final AtomicLong bytesDownBefore = new AtomicLong();

  /**
   * @param id for people, from 1
   */
  Lane(int id, Setup setup, Owner owner) {
    this.id = id;
    this.setup = setup;
    this.owner = owner;
  }

  int id() {
    return id;
  }

  /** Starts a transport. Takes a while the first time (class loading): not on the loop. */
  void open() {
    SshTransport started =
        SshTransport.start(setup.loop(), setup.ssh(), (loop, user) -> carrier(loop, user), this);
    synchronized (this) {
      if (lastGone != started) { // it may have been as short as that
        transport = started;
      }
    }
    if (closed) {
      started.close();
    }
  }

  private Carrier carrier(EventLoop loop, Carrier.Listener user) {
    ResumableCarrier opened =
        ResumableCarrier.open(loop, setup.route(), setup.resume(), user, this);
    carrier = opened;
    return opened;
  }

  /** Opens the lane again after a pause, which is longer after each failure. */
  void reopen() {
    Duration wait = FIRST_PAUSE.multipliedBy(1L << Math.min(failures, 10));
    if (wait.compareTo(LONGEST_PAUSE) > 0) {
      wait = LONGEST_PAUSE;
    }
    reopening = setup.loop().schedule(this::endPause, wait.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void endPause() {
    if (reopening != null && !closed) {
      reopening.cancel(false);
      reopening = null;
      Thread.ofVirtual().name("ktd-lane-" + id).start(this::open);
    }
  }

  /** The network may be another: asks whether the carrier lives, and ends a pause. Any thread. */
  void probe() {
    setup
        .loop()
        .execute(
            () -> {
              ResumableCarrier current = carrier;
              if (current != null) {
                current.probe();
              }
              endPause();
            });
  }

  @Override
  public void ready(SshTransport open) {
    synchronized (this) {
      transport = open; // its opener may not have come to that yet
    }
    ready = true;
    failures = 0;
    update();
    ResumableCarrier current = carrier;
    if (current != null) {
      var _ = setup.better().get().thenAccept(current::move);
    }
  }

  private void update() {
    if (ready) {
      state = cut || silent ? State.SUSPENDED : State.UP;
      owner.changed(this);
    }
  }

  @Override
  public void doubted(boolean now) {
    silent = now;
    update();
  }

  @Override
  public void suspended(KtdException why) {
    LOG.info("carrier {} is cut, its connections wait: {}", id, why.getMessage());
    cut = true;
    silent = false;
    update();
  }

  @Override
  public void resumed(Duration pause) {
    LOG.info("carrier {} goes on after {} ms", id, pause.toMillis());
    cut = false;
    silent = false;
    update();
  }

  @Override
  public void rerouted(Duration roundTrip) {
    SshTransport current = transport;
    if (current != null) {
      current.rerouted(roundTrip);
    }
  }

  @Override
  public void introduced(AgentInfo agent) {
    owner.introduced(agent);
  }

  @Override
  public void closed(SshTransport gone, KtdException why) {
    LOG.info("carrier {} is down: {}", id, why.getMessage());
    if (ready) {
      reopened.incrementAndGet();
    } else {
      failures++;
    }
    ready = false;
    cut = false;
    silent = false;
    state = State.DOWN;
    bytesUpBefore.addAndGet(gone.bytesUp());
    bytesDownBefore.addAndGet(gone.bytesDown());
    ResumableCarrier below = carrier;
    if (below != null) {
      resumedBefore.addAndGet(below.resumed());
      carrier = null;
    }
    synchronized (this) {
      transport = null;
      lastGone = gone;
    }
    owner.down(this, why);
  }

  /** Any thread. */
  State state() {
    return state;
  }

  boolean isUp() {
    return state == State.UP;
  }

  /** The authenticated transport, suspended or not; or null. */
  @Nullable SshTransport transport() {
    return state == State.DOWN ? null : transport;
  }

  /** Ends the transport; there will be no other. Any thread, repeatable. */
  void close() {
    closed = true;
    SshTransport current = transport;
    if (current != null) {
      current.close();
    }
  }

  /** How often a transport that was up came to its end. Any thread. */
  long reopened() {
    return reopened.get();
  }

  /** How often a stream went on over another plain carrier after a cut. Any thread. */
  long resumed() {
    ResumableCarrier current = carrier;
    return resumedBefore.get() + (current == null ? 0 : current.resumed());
  }

  /** Any thread. */
  int openChannels() {
    SshTransport current = transport();
    return current == null ? 0 : current.openChannels();
  }

  /** Over all transports of this lane. Any thread. */
  long bytesUp() {
    SshTransport current = transport;
    return bytesUpBefore.get() + (current == null ? 0 : current.bytesUp());
  }

  /** Over all transports of this lane. Any thread. */
  long bytesDown() {
    SshTransport current = transport;
    return bytesDownBefore.get() + (current == null ? 0 : current.bytesDown());
  }

  /** Milliseconds to the agent and back; NaN before the first answer. Any thread. */
  double rttMillis() {
    ResumableCarrier current = carrier;
    return current == null ? Double.NaN : current.rttMillis();
  }

  /** How the bytes travel, or travelled last. Any thread. */
  String path() {
    ResumableCarrier current = carrier;
    if (current != null) {
      lastPath = current.path();
    }
    return lastPath;
  }
}
