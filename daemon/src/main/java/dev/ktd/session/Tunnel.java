package dev.ktd.session;

import dev.ktd.carrier.AgentInfo;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.relay.Datagrams;
import dev.ktd.relay.Dialer;
import dev.ktd.relay.Downstream;
import dev.ktd.relay.Upstream;
import dev.ktd.ssh.SshTransport;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The way to the proxy pod: one to four lanes. Flows go where {@link LanePlacement} says, and wait
 * while no lane is up. A lost lane is opened again until the tunnel is closed. Flows and lanes
 * belong to the event loop; {@link #open}, {@link #probe}, {@link #close} and the figures to any
 * thread.
 */
final class Tunnel implements Dialer, Datagrams, Lane.Owner {
  /** A tunnel that is away for longer has failed, as far as names are concerned. */
  private static final Duration SHORT_CUT = Duration.ofSeconds(2);

  /** What a tunnel tells its session. On the event loop. */
  interface Listener {
    /** The first lane is up, or one is again after none was. */
    void up();

    void introduced(AgentInfo agent);

    /** No lane is up any more, perhaps for a moment only. */
    void cut();

    /** That has lasted. */
    void down();
  }

  private final List<Lane> lanes;
  private final EventLoop loop;
  private final LanePlacement placement;
  private final WaitingDials dials;
  private final Listener listener;
  private final CompletableFuture<Void> opened = new CompletableFuture<>();
  private volatile boolean closed;
  private boolean up;
  private @Nullable Future<?> lasting;

  Tunnel(Lane.Setup setup, int carriers, Listener listener) {
    this.loop = setup.loop();
    this.listener = listener;
    this.placement = new LanePlacement(carriers, System::nanoTime);
    this.dials = new WaitingDials(loop, this::way);
    this.lanes =
        IntStream.rangeClosed(1, carriers).mapToObj(id -> new Lane(id, setup, this)).toList();
  }

  /**
   * Opens all lanes and returns when each is up. Blocks.
   *
   * @throws KtdException as the first lane that failed says, or TIMEOUT
   */
  void open(Duration limit) throws InterruptedException {
    lanes.forEach(Lane::open);
    try {
      opened.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof KtdException failure
          ? failure
          : new KtdException(ErrorCode.TUNNEL, "the tunnel did not open", null, e);
    } catch (TimeoutException e) {
      throw new KtdException(
          ErrorCode.TIMEOUT,
          "the proxy pod runs, but its agent did not let us in within " + limit.toSeconds() + " s",
          "More time:  ktd up --timeout 2m",
          e);
    }
  }

  @Override
  public void changed(Lane lane) {
    if (lane.state() == Lane.State.SUSPENDED) {
      probe(); // what cut this one may have cut the others, only that they do not know yet
    }
    boolean now = lanes.stream().anyMatch(Lane::isUp);
    if (now != up) {
      up = now;
      if (now) {
        stopTimer();
        listener.up();
      } else {
        listener.cut();
        lasting = loop.schedule(listener::down, SHORT_CUT.toMillis(), TimeUnit.MILLISECONDS);
      }
    }
    if (lanes.stream().allMatch(Lane::isUp)) {
      opened.complete(null);
    }
    dials.go();
  }

  private void stopTimer() {
    if (lasting != null) {
      lasting.cancel(false);
      lasting = null;
    }
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
    opened.completeExceptionally(why);
    if (opened.isCompletedExceptionally()) {
      return; // the session did not come about: no lane is worth another try
    }
    changed(lane); // what was on its way through this lane may go through another
    lane.reopen();
  }

  /**
   * The machine's network has changed, or it slept: what may be dead is asked, and what waits for
   * another attempt makes it at once. Any thread.
   */
  void probe() {
    lanes.forEach(Lane::probe);
  }

  private OptionalInt best() {
    return placement.choose(lane -> lanes.get(lane).isUp());
  }

  private Optional<WaitingDials.Way> way() {
    OptionalInt best = best();
    SshTransport transport = transport(best);
    return transport == null
        ? Optional.empty()
        : Optional.of(new WaitingDials.Way(transport.dialer(), placement.take(best.getAsInt())));
  }

  private @Nullable SshTransport transport(OptionalInt lane) {
    return lane.isPresent() ? lanes.get(lane.getAsInt()).transport() : null;
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
    SshTransport transport = transport(best());
    return transport != null && transport.datagrams().echo(destination, payload, answer);
  }

  /** Any thread. */
  List<Lane> lanes() {
    return lanes;
  }

  /** Any thread. */
  int openChannels() {
    return lanes.stream().mapToInt(Lane::openChannels).sum();
  }

  /** Ends all lanes, and all that waits for one. Any thread, repeatable. */
  void close() {
    closed = true;
    lanes.forEach(Lane::close);
    loop.execute(
        () -> {
          stopTimer();
          dials.close();
        });
  }

  /**
   * An association that outlives the lane it was opened on, as a UDP socket outlives a cable. While
   * its lane is suspended it moves to another; where there is none, datagrams are lost.
   */
  private final class Rebound implements Association {
    private final InetSocketAddress destination;
    private final Replies replies;
    private @Nullable SshTransport transport;
    private Optional<Association> current = Optional.empty();

    private Rebound(InetSocketAddress destination, Replies replies) {
      this.destination = destination;
      this.replies = replies;
    }

    @Override
    public boolean send(ByteBuffer payload) {
      if (transport == null
          || lanes.stream().noneMatch(lane -> lane.isUp() && lane.transport() == transport)) {
        SshTransport better = transport(best());
        if (better == null) {
          return false; // the old one may go on
        }
        close();
        transport = better;
        current = Optional.of(better.datagrams().open(destination, replies));
      }
      return current.map(association -> association.send(payload)).orElse(false);
    }

    @Override
    public void close() {
      current.ifPresent(Association::close);
    }
  }
}
