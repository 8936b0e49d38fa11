package dev.ktd.session;

import dev.ktd.relay.DialFailure;
import dev.ktd.relay.Dialer;
import dev.ktd.relay.Downstream;
import dev.ktd.relay.Upstream;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Dials by the best lane; while there is none, flows wait in line for one instead of failing. They
 * go out in order, and are given up after {@link #PATIENCE} without a word, as by a network that is
 * away. On the event loop.
 */
final class WaitingDials implements Dialer {
  /** The same as sshd's connecting may take. */
  static final Duration PATIENCE = Duration.ofSeconds(30);

  /** More than that fail at once. */
  static final int MOST = 1024;

  /** A usable lane, and a place there. */
  record Way(Dialer dialer, LanePlacement.Place place) {}

  /** Finds the best lane. */
  @FunctionalInterface
  interface Ways {
    /** Empty while no lane is up. */
    Optional<Way> best();
  }

  private final ScheduledExecutorService loop;
  private final Ways ways;
  private final Set<TunnelFlow> line = new LinkedHashSet<>();
  private boolean closed;

  WaitingDials(ScheduledExecutorService loop, Ways ways) {
    this.loop = loop;
    this.ways = ways;
  }

  @Override
  public Upstream dial(InetSocketAddress destination, Downstream downstream) {
    TunnelFlow flow =
        new TunnelFlow(this, destination, downstream, System.nanoTime() + PATIENCE.toNanos());
    Optional<Way> way = line.isEmpty() ? ways.best() : Optional.empty();
    if (way.isPresent()) {
      flow.start(way.get().dialer(), way.get().place());
    } else {
      queue(flow);
    }
    return flow;
  }

  /** A flow whose lane went before its far side answered waits again, behind the others. */
  void again(TunnelFlow flow) {
    queue(flow);
  }

  private void queue(TunnelFlow flow) {
    if (closed || line.size() >= MOST) {
      flow.giveUp(DialFailure.NO_TUNNEL);
      return;
    }
    line.add(flow);
    flow.timeout(
        loop.schedule(
            () -> {
              line.remove(flow);
              flow.giveUp(DialFailure.TIMED_OUT);
            },
            Math.max(0, flow.deadline() - System.nanoTime()),
            TimeUnit.NANOSECONDS));
  }

  /** A flow is not wanted any more. */
  void leave(TunnelFlow flow) {
    line.remove(flow);
  }

  /** A lane may be usable now: those who wait go out, each once. */
  void go() {
    for (TunnelFlow flow : List.copyOf(line)) {
      if (!line.contains(flow)) {
        continue; // given up by what happened to one before
      }
      Optional<Way> way = ways.best();
      if (way.isEmpty()) {
        return;
      }
      line.remove(flow);
      flow.start(way.get().dialer(), way.get().place());
    }
  }

  int waiting() {
    return line.size();
  }

  /** There will be no lane any more: all fail, now and later. */
  void close() {
    closed = true;
    for (TunnelFlow flow : List.copyOf(line)) {
      line.remove(flow);
      flow.giveUp(DialFailure.NO_TUNNEL);
    }
  }
}
