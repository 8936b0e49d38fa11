package dev.ktd.relay;

import dev.ktd.stack.FlowHandler;
import dev.ktd.stack.Refusal;
import dev.ktd.stack.TcpFlow;
import dev.ktd.stack.UdpFlow;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings each flow of the stack to its far side: TCP through a {@link Dialer}, which answers before
 * the local program's SYN is answered; UDP and pings through {@link Datagrams}.
 *
 * <p>Everything on the stack's event loop. Each call from outside a turn of the stack asks for one.
 */
public final class Relay implements FlowHandler {
  private static final Logger log = LoggerFactory.getLogger(Relay.class);

  /** Linux gives a silent peer 127 s; the program's own SYN repetitions start a new try here. */
  static final long DIAL_NANOS = TimeUnit.SECONDS.toNanos(30);

  /** As many sockets as the agent opens for one session. */
  static final int MAX_ASSOCIATIONS = 1024;

  private static final int DRAINED_IN_A_TURN = 64;

  private final LongSupplier clock;
  private final Runnable wake;

  /** In the order of their deadlines, as all have the same patience. The stack bounds them. */
  private final SequencedMap<TcpFlow, TcpRelay> dialling = new LinkedHashMap<>();

  private final Set<TcpRelay> open = new LinkedHashSet<>();

  /** Those that hold bytes for which the stack had no room. */
  private final SequencedSet<TcpRelay> backlogged = new LinkedHashSet<>();

  /** In the order of their last use, oldest first. */
  private final SequencedSet<UdpRelay> associations = new LinkedHashSet<>();

  /** Flows to addresses of ours, which need no socket of the agent; the stack bounds them. */
  private final Set<UdpRelay> own = new LinkedHashSet<>();

  private Destinations destinations;
  private long opened;
  private long refused;
  private long datagramsLost;
  private long echoesLost;

  /**
   * @param clock monotonic, nanoseconds; the same as the stack's
   * @param wake asks for a turn of the stack soon; called on the loop
   */
  public Relay(Destinations destinations, LongSupplier clock, Runnable wake) {
    this.destinations = destinations;
    this.clock = clock;
    this.wake = wake;
  }

  /**
   * Since the start, and now.
   *
   * @param opened TCP connections that the far side accepted
   * @param refused flows of all kinds that were turned away
   * @param dialling TCP connections that wait for the far side, now
   * @param associations UDP sockets on the far side, now
   */
  public record Counters(long opened, long refused, int dialling, int associations) {}

  public Counters counters() {
    return new Counters(opened, refused, dialling.size(), associations.size());
  }

  /** What was lost here without an answer, by name. */
  Map<String, Long> drops() {
    return Map.of(
        "drops.tunnel-datagrams", datagramsLost,
        "drops.tunnel-echoes", echoesLost);
  }

  /** New flows go there; those that are open stay where they are. */
  public void destinations(Destinations wanted) {
    this.destinations = wanted;
  }

  @Override
  public void requested(TcpFlow flow) {
    switch (destinations.route(flow.key().destination().getAddress())) {
      case Destinations.Refused(Refusal how) -> refuse(flow, how);
      case Destinations.Via(Dialer dialer, Datagrams _) -> dial(flow, dialer);
    }
  }

  private void dial(TcpFlow flow, Dialer dialer) {
    var relay = new TcpRelay(this, flow, clock.getAsLong() + DIAL_NANOS);
    dialling.put(flow, relay);
    try {
      relay.dial(dialer);
    } catch (RuntimeException e) {
      log.warn("{}: dialling failed", flow.key(), e);
      relay.failed(DialFailure.NO_TUNNEL);
    }
  }

  private void refuse(TcpFlow flow, Refusal how) {
    refused++;
    flow.refuse(how);
    wake.run();
  }

  @Override
  public void cancelled(TcpFlow flow) {
    TcpRelay relay = dialling.get(flow);
    if (relay != null) {
      relay.giveUp();
    }
  }

  @Override
  public void datagram(UdpFlow flow, ByteBuffer payload) {
    if (flow.attachment() instanceof UdpRelay known && known.isOpen()) {
      used(known);
      known.send(payload);
      return;
    }
    InetSocketAddress destination = flow.key().destination();
    switch (destinations.route(destination.getAddress())) {
      case Destinations.Refused(Refusal how) -> {
        refused++;
        flow.refuse(how);
      }
      case Destinations.Via(Dialer _, Datagrams datagrams) -> {
        var relay = new UdpRelay(this, flow);
        if (destinations.own().containsKey(destination.getAddress())) {
          own.add(relay);
        } else {
          makeRoom();
          associations.add(relay);
        }
        flow.attach(relay);
        relay.open(datagrams);
        relay.send(payload);
      }
    }
  }

  /** A NAT does the same: should the flow it takes be used again, that opens another socket. */
  private void makeRoom() {
    if (associations.size() >= MAX_ASSOCIATIONS) {
      associations.removeFirst().close();
    }
  }

  /** Datagrams went through: others are to make room first. */
  void used(UdpRelay relay) {
    if (associations.contains(relay)) {
      associations.addLast(relay);
    }
  }

  @Override
  public void expired(UdpFlow flow) {
    if (flow.attachment() instanceof UdpRelay known) {
      own.remove(known);
      associations.remove(known);
      known.close();
    }
  }

  @Override
  public void echo(Echo echo, ByteBuffer payload) {
    switch (destinations.route(echo.destination())) {
      case Destinations.Refused(Refusal how) -> {
        refused++;
        echo.unreachable(how);
      }
      case Destinations.Via(Dialer _, Datagrams datagrams) -> {
        boolean sent =
            datagrams.echo(
                echo.destination(),
                payload,
                answer -> {
                  echo.reply(answer);
                  wake.run();
                });
        echoesLost += sent ? 0 : 1;
      }
    }
  }

  /** Once a turn, before the stack's own poll: gives up dials, hands on what waited for room. */
  public void poll(long now) {
    while (!dialling.isEmpty() && nextDeadline() - now <= 0) {
      dialling.firstEntry().getValue().giveUp();
    }
    drainSome();
  }

  /**
   * What waits for the local program itself goes on as that acknowledges; here is who waits for the
   * stack's memory. There may be thousands, so a turn asks a few, and each has its turn.
   */
  private void drainSome() {
    for (int n = Math.min(backlogged.size(), DRAINED_IN_A_TURN); n > 0; n--) {
      TcpRelay relay = backlogged.removeFirst();
      backlogged.addLast(relay);
      if (relay.drain()) {
        wake.run(); // There is memory, perhaps for others too.
      }
    }
  }

  /** When {@link #poll} must be called at the latest; {@code Long.MAX_VALUE} for never. */
  public long nextDeadline() {
    return dialling.isEmpty() ? Long.MAX_VALUE : dialling.firstEntry().getValue().deadline();
  }

  /** Ends everything on both sides. */
  public void close() {
    List.copyOf(dialling.values()).forEach(TcpRelay::giveUp);
    List.copyOf(open).forEach(TcpRelay::reset);
    own.forEach(UdpRelay::close);
    own.clear();
    associations.forEach(UdpRelay::close);
    associations.clear();
  }

  void dialFailed(TcpFlow flow) {
    dialling.remove(flow);
    refused++;
  }

  void dialSucceeded(TcpFlow flow, TcpRelay relay) {
    dialling.remove(flow);
    open.add(relay);
    opened++;
  }

  void ended(TcpRelay relay) {
    open.remove(relay);
    backlogged.remove(relay);
  }

  void backlogged(TcpRelay relay, boolean waits) {
    if (waits) {
      backlogged.add(relay);
    } else {
      backlogged.remove(relay);
    }
  }

  /** The tunnel had no room for a datagram. */
  void datagramLost() {
    datagramsLost++;
  }

  void wake() {
    wake.run();
  }
}
