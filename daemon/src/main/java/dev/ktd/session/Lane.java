package dev.ktd.session;

import dev.ktd.carrier.AgentInfo;
import dev.ktd.carrier.CarrierOpener;
import dev.ktd.error.KtdException;
import dev.ktd.ssh.Heartbeat;
import dev.ktd.ssh.SshSettings;
import dev.ktd.ssh.SshTransport;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The place of one carrier in a tunnel: one transport at a time, with its heartbeat. On the event
 * loop, except the figures.
 */
final class Lane implements SshTransport.Listener, Heartbeat.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(Lane.class);

  /** A transport whose agent is silent for longer is given up and replaced. */
  private static final Duration SILENCE = Duration.ofSeconds(20);

  /** What a lane tells its tunnel. On the event loop. */
  interface Owner {
    void up(Lane lane);

    void introduced(AgentInfo agent);

    /** The transport is gone or did not come up; the lane may be opened again. */
    void down(Lane lane, KtdException why);
  }

  private final int id;
  private final EventLoop loop;
  private final SshSettings settings;
  private final Owner owner;

  private volatile @Nullable SshTransport transport;
  private volatile boolean up;
  private volatile @Nullable Heartbeat heartbeat;
  private final AtomicInteger failures = new AtomicInteger();
  private final AtomicLong reopened = new AtomicLong();
  private final AtomicLong bytesUpBefore = new AtomicLong();
  private final AtomicLong bytesDownBefore = new AtomicLong();

  Lane(int id, EventLoop loop, SshSettings settings, Owner owner) {
    this.id = id;
    this.loop = loop;
    this.settings = settings;
    this.owner = owner;
  }

  int id() {
    return id;
  }

  /** Starts a transport. Takes a while the first time (class loading): not on the loop. */
  void open(CarrierOpener opener) {
    transport = SshTransport.start(loop, settings, opener, this);
  }

  @Override
  public void ready(SshTransport ready) {
    transport = ready;
    heartbeat = ready.heartbeat(this);
    up = true;
    failures.set(0);
    owner.up(this);
  }

  @Override
  public void closed(SshTransport gone, KtdException why) {
    LOG.info("carrier {} is down: {}", id, why.getMessage());
    if (up) {
      reopened.incrementAndGet();
    } else {
      failed();
    }
    bytesUpBefore.addAndGet(gone.bytesUp());
    bytesDownBefore.addAndGet(gone.bytesDown());
    up = false;
    heartbeat = null;
    transport = null;
    owner.down(this, why);
  }

  @Override
  public void introduced(AgentInfo agent) {
    owner.introduced(agent);
  }

  @Override
  public void unanswered(Duration silence) {
    SshTransport silent = transport;
    if (silent != null && silence.compareTo(SILENCE) > 0) {
      LOG.info("carrier {}: no answer for {} s, it is replaced", id, silence.toSeconds());
      silent.close();
    }
  }

  @Override
  public void ended(String why) {
    // The transport is alive but nothing keeps the pod so: start over.
    SshTransport current = transport;
    if (current != null) {
      current.close();
    }
  }

  /** The usable transport, or null. */
  @Nullable SshTransport transport() {
    return up ? transport : null;
  }

  boolean isUp() {
    return up;
  }

  /** Counts an attempt that came to nothing. Any thread. */
  void failed() {
    failures.incrementAndGet();
  }

  /** Attempts since the lane was last up. Any thread. */
  int failures() {
    return failures.get();
  }

  /** Ends the transport. Any thread, repeatable. */
  void close() {
    SshTransport current = transport;
    if (current != null) {
      current.close();
    }
  }

  /** How often a lost transport was replaced. Any thread. */
  long reopened() {
    return reopened.get();
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

  /** Milliseconds; NaN before the first answer. Any thread. */
  double rttMillis() {
    Heartbeat current = heartbeat;
    return current == null ? Double.NaN : current.rttMillis();
  }
}
