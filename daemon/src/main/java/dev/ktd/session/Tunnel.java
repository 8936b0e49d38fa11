package dev.ktd.session;

import dev.ktd.carrier.AgentInfo;
import dev.ktd.carrier.CarrierOpener;
import dev.ktd.carrier.Route;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.relay.Datagrams;
import dev.ktd.relay.Dialer;
import dev.ktd.relay.Downstream;
import dev.ktd.relay.Upstream;
import dev.ktd.ssh.SshSettings;
import dev.ktd.ssh.SshTransport;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way to the proxy pod: one to four lanes. Flows go where {@link LanePlacement} says, and wait
 * while no lane is up. A lost lane is opened again until the tunnel is closed. Flows and lanes
 * belong to the event loop; {@link #open}, {@link #close} and the figures to any thread.
 */
final class Tunnel implements Dialer, Datagrams, Lane.Owner {
  private static final Logger LOG = LoggerFactory.getLogger(Tunnel.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(15);

  /** What a tunnel tells its session. On the event loop. */
  interface Listener {
    /** The first lane is up, or one is again after all were down. */
    void up();

    void introduced(AgentInfo agent);

    /** No lane is up any more. */
    void down();
  }

  private final List<Lane> lanes = new ArrayList<>();
  private final EventLoop loop;
  private final LanePlacement placement;
  private final WaitingDials dials;
  private final Route route;
  private final Listener listener;
  private final CompletableFuture<Void> opened = new CompletableFuture<>();
  private final Set<Thread> reopening = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  Tunnel(EventLoop loop, SshSettings settings, int carriers, Route route, Listener listener) {
    this.route = route;
    this.listener = listener;
    this.placement = new LanePlacement(carriers, System::nanoTime);
    this.dials = new WaitingDials(loop, this::way);
    this.loop = loop;
    for (int id = 1; id <= carriers; id++) {
      lanes.add(new Lane(id, loop, settings, this));
    }
  }

  /**
   * Opens all lanes and returns when each is up. Blocks.
   *
   * @throws KtdException as the first lane that failed says, or TIMEOUT
   */
  void open(Duration limit) throws InterruptedException {
    CarrierOpener opener = route.find();
    for (Lane lane : lanes) {
      lane.open(opener);
    }
    try {
      opened.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof KtdException failure
          ? failure
          : new KtdException(ErrorCode.TUNNEL, "the tunnel did not open", null, e);
    } catch (TimeoutException e) {
      throw new KtdException(
          ErrorCode.TIMEOUT,
          "the proxy pod runs, but its SSH server did not answer within "
              + limit.toSeconds()
              + " s",
          "More time:  ktd up --timeout 2m",
          e);
    }
  }

  @Override
  public void up(Lane lane) {
    if (lanes.stream().allMatch(Lane::isUp)) {
      opened.complete(null);
    }
    if (lanes.stream().filter(Lane::isUp).count() == 1) {
      listener.up();
    }
    dials.go();
  }

  @Override
  public void introduced(AgentInfo agent) {
    listener.introduced(agent);
  }

  @Override
  public void down(Lane lane, KtdException why) {
    if (closed) {
      return;
    }
    if (!opened.isDone()) {
      opened.completeExceptionally(why);
    }
    if (opened.isCompletedExceptionally()) {
      return; // the session did not come about: no lane is worth another try
    }
    if (lanes.stream().noneMatch(Lane::isUp)) {
      listener.down();
    }
    dials.go(); // what was on its way through this lane may go through another
    reopen(lane);
  }

  /**
   * Waits and opens the lane again, longer after each failure; a failure to open comes back here.
   */
  private void reopen(Lane lane) {
    Thread thread =
        Thread.ofVirtual()
            .name("ktd-lane-" + lane.id())
            .unstarted(
                () -> {
                  try {
                    while (!closed) {
                      Thread.sleep(pause(lane.failures()));
                      if (open(lane)) {
                        return;
                      }
                    }
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt(); // the tunnel is closed
                  } finally {
                    reopening.remove(Thread.currentThread());
                  }
                });
    reopening.add(thread);
    thread.start();
    if (closed) {
      thread.interrupt();
    }
  }

  private static Duration pause(int failures) {
    Duration pause = FIRST_PAUSE.multipliedBy(1L << Math.min(failures, 10));
    return pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE;
  }

  private boolean open(Lane lane) throws InterruptedException {
    try {
      CarrierOpener opener = route.find();
      if (!closed) {
        lane.open(opener);
      }
      if (closed) {
        lane.close();
      }
      return true;
    } catch (RuntimeException e) { // whatever it is: a lane that is not tried again is lost
      lane.failed();
      if (e instanceof KtdException) {
        LOG.info("carrier {} cannot be opened again yet: {}", lane.id(), e.getMessage());
      } else {
        LOG.warn("carrier {} cannot be opened again yet", lane.id(), e);
      }
      return false;
    }
  }

  private OptionalInt bestLane() {
    return placement.choose(lane -> lanes.get(lane).isUp());
  }

  private Optional<WaitingDials.Way> way() {
    OptionalInt best = bestLane();
    SshTransport transport = best.isPresent() ? lanes.get(best.getAsInt()).transport() : null;
    return transport == null
        ? Optional.empty()
        : Optional.of(new WaitingDials.Way(transport.dialer(), placement.take(best.getAsInt())));
  }

  private Optional<SshTransport> bestTransport() {
    OptionalInt best = bestLane();
    return best.isPresent()
        ? Optional.ofNullable(lanes.get(best.getAsInt()).transport())
        : Optional.empty();
  }

  @Override
  public Upstream dial(InetSocketAddress destination, Downstream downstream) {
    return dials.dial(destination, downstream);
  }

  @Override
  public Association open(InetSocketAddress destination, Replies replies) {
    return new Rebound(destination, replies);
  }

  @Override
  public boolean echo(InetAddress destination, ByteBuffer payload, EchoAnswer answer) {
    return bestTransport().map(t -> t.datagrams().echo(destination, payload, answer)).orElse(false);
  }

  /** Any thread. */
  List<Lane> lanes() {
    return lanes;
  }

  /** Any thread. */
  int openChannels() {
    return lanes.stream().mapToInt(Lane::openChannels).sum();
  }

  /**
   * Ends all lanes and waits for those that are being opened again, so that no proxy is made after
   * this returns. Blocks, not on the event loop; repeatable.
   *
   * @throws KtdException TUNNEL when one does not give up in time
   */
  void close() throws InterruptedException {
    closed = true;
    long deadline = System.nanoTime() + CLOSE_LIMIT.toNanos();
    lanes.forEach(Lane::close);
    loop.execute(dials::close);
    for (Thread thread : reopening) {
      thread.interrupt();
      if (!thread.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())))) {
        throw new KtdException(ErrorCode.TUNNEL, thread.getName() + " still runs", null);
      }
    }
  }

  /** An association that outlives the lane it was opened on, as a UDP socket outlives a cable. */
  private final class Rebound implements Association {
    private final InetSocketAddress destination;
    private final Replies replies;
    private Optional<SshTransport> transport = Optional.empty();
    private Optional<Association> current = Optional.empty();

    private Rebound(InetSocketAddress destination, Replies replies) {
      this.destination = destination;
      this.replies = replies;
    }

    @Override
    public boolean send(ByteBuffer payload) {
      boolean alive =
          transport.isPresent()
              && lanes.stream().anyMatch(lane -> lane.transport() == transport.get());
      if (!alive) {
        transport = bestTransport();
        current = transport.map(t -> t.datagrams().open(destination, replies));
      }
      return current.map(association -> association.send(payload)).orElse(false);
    }

    @Override
    public void close() {
      current.ifPresent(Association::close);
    }
  }
}
