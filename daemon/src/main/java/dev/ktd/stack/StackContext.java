package dev.ktd.stack;

import java.util.ArrayDeque;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** What the parts of one stack share. */
final class StackContext {
  private static final int CHALLENGES_EACH_SECOND = 100;

  final StackConfig config;
  final FlowHandler handler;
  final Counters counters = new Counters();
  final ChunkPool pool;
  final Timers timers = new Timers();
  final FrameWriter writer;
  final IcmpErrors errors;
  final FlowTable<TcpConnection> connections;
  final PendingOpens<TcpConnection> pending;
  final ThirstyFlows thirsty = new ThirstyFlows(this);
  private final ArrayDeque<TcpConnection> ready = new ArrayDeque<>();
  private final SplittableRandom random;
  private long now;
  private long challengesSince;
  private int challenges;
  private int timeWaits;

  StackContext(StackConfig config, FlowHandler handler, FrameSink out, ChunkPool pool) {
    this.config = config;
    this.handler = handler;
    random = new SplittableRandom(config.seed());
    this.pool = pool;
    writer = new FrameWriter(config, counters, out);
    errors = new IcmpErrors(config, counters, this::now, writer::send);
    connections = new FlowTable<>(TcpConnection.class, random.nextLong());
    pending = new PendingOpens<>(config.limits(), this::gaveWay);
  }

  private void gaveWay(TcpConnection connection) {
    counters.count(Counter.DROP_GAVE_WAY);
    connection.cancel();
  }

  /** The time of the call into the stack that is under way, or of the last one. */
  long now() {
    return now;
  }

  void now(long time) {
    now = time;
  }

  int nextInitialSequence() {
    return random.nextInt();
  }

  long nextHashSeed() {
    return random.nextLong();
  }

  /** Puts a connection into the queue of those that the next poll asks for segments. */
  void ready(TcpConnection connection) {
    if (!connection.queued) {
      connection.queued = true;
      ready.addLast(connection);
    }
  }

  @Nullable TcpConnection nextReady() {
    TcpConnection connection = ready.pollFirst();
    if (connection != null) {
      connection.queued = false;
    }
    return connection;
  }

  boolean anyReady() {
    return !ready.isEmpty();
  }

  /** RFC 5961, section 7: a limit on challenge ACKs, so that they are no amplifier. */
  boolean mayChallenge() {
    if (now - challengesSince >= RoundTrip.SECOND || challenges == 0) {
      challengesSince = now;
      challenges = 0;
    }
    if (challenges >= CHALLENGES_EACH_SECOND) {
      return false;
    }
    challenges++;
    counters.count(Counter.TCP_CHALLENGES);
    return true;
  }

  int timeWaits() {
    return timeWaits;
  }

  void timeWaits(int change) {
    timeWaits += change;
  }
}
