package dev.ktd.dns;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SimpleResolver;

/**
 * Passes questions on to the host's own DNS servers, unchanged but for the id. By UDP, and again by
 * TCP where the answer was cut off; by TCP where the program used TCP. A server that is silent or
 * refuses is followed by the next, all of them twice at most. Answers come on the given executor.
 */
public final class HostServers implements AutoCloseable {
  static final int MAX_UNDER_WAY = 512;

  /** A libc gives up, or asks again, after 5 s. */
  private static final Duration DEADLINE = Duration.ofMillis(4_600);

  private static final int ROUNDS = 2;
  private static final Logger LOG = LoggerFactory.getLogger(HostServers.class);

  /** Questions that may share an answer. */
  private record Key(
      Name name, int type, int dclass, List<Boolean> flags, boolean edns, boolean tcp) {}

  private final Executor loop;
  private final Set<InetAddress> own;
  private final Duration deadline;
  private final SecureRandom ids = new SecureRandom();
  private final Map<Key, Asking> shared = new HashMap<>();
  private volatile List<InetSocketAddress> servers = List.of();
  private int underWay;

  /**
   * @param loop the relay's event loop, where answers arrive
   * @param own our own addresses: a server that is one of them is never asked, it would be a loop
   */
  public HostServers(Executor loop, Set<InetAddress> own) {
    this(loop, own, DEADLINE);
  }

  HostServers(Executor loop, Set<InetAddress> own, Duration deadline) {
    this.loop = loop;
    this.own = Set.copyOf(own);
    this.deadline = deadline;
  }

  /** The host's servers, in order, port 53. Any thread. None: every question gets SERVFAIL. */
  public void servers(List<InetAddress> servers) {
    sockets(servers.stream().map(server -> new InetSocketAddress(server, 53)).toList());
  }

  /** As {@link #servers}, with ports. */
  void sockets(List<InetSocketAddress> servers) {
    this.servers = servers.stream().filter(server -> !own.contains(server.getAddress())).toList();
  }

  /** Asks no more; questions under way end with what they have. Any thread. */
  @Override
  public void close() {
    servers = List.of();
  }

  /** Passes {@code query} on; {@code done} hears once of it, on the event loop. */
  void forward(Query.Valid query, boolean tcp, Consumer<Outcome> done) {
    // Merging is also what stops a loop through another forwarder on this host: the question that
    // comes back waits for itself, and ends at the deadline.
    Key key = key(query, tcp);
    Asking same = key == null ? null : shared.get(key);
    if (same != null) {
      same.waiting.add(done);
      return;
    }
    List<InetSocketAddress> all = servers;
    if (all.isEmpty() || underWay >= MAX_UNDER_WAY) {
      done.accept(
          new Outcome.Failed(all.isEmpty() ? "the host has no servers" : "too many questions"));
      return;
    }
    underWay++;
    Asking asking = new Asking(query.message(), tcp, all, key);
    asking.waiting.add(done);
    if (key != null) {
      shared.put(key, asking);
    }
    asking.ask();
  }

  int underWay() {
    return underWay;
  }

  /** Null where options (a cookie, a client subnet) make the question the program's own. */
  private static @Nullable Key key(Query.Valid query, boolean tcp) {
    OPTRecord edns = query.edns();
    if (edns != null && !edns.getOptions().isEmpty()) {
      return null;
    }
    Record question = query.question();
    List<Boolean> flags =
        List.of(query.flag(Flags.RD), query.flag(Flags.CD), query.flag(Flags.AD), query.dnssec());
    return new Key(
        question.getName(), question.getType(), question.getDClass(), flags, edns != null, tcp);
  }

  /** One question on its way from server to server. */
  private final class Asking {
    private final Message query;
    private final boolean tcp;
    private final List<InetSocketAddress> targets;
    private final @Nullable Key key;
    private final List<Consumer<Outcome>> waiting = new ArrayList<>();
    private final long started = System.nanoTime();
    private int attempts;
    private @Nullable Message unhelpful;

    Asking(Message query, boolean tcp, List<InetSocketAddress> targets, @Nullable Key key) {
      this.query = query.clone();
      this.tcp = tcp;
      this.targets = targets;
      this.key = key;
    }

    void ask() {
      Duration left = deadline.minusNanos(System.nanoTime() - started);
      if (attempts >= ROUNDS * targets.size() || left.compareTo(Duration.ZERO) <= 0) {
        Message answer = unhelpful;
        finish(
            answer == null
                ? new Outcome.Failed("none of the host's servers answered: " + targets)
                : new Outcome.Answered(answer, false));
        return;
      }
      InetSocketAddress server = targets.get(attempts++ % targets.size());
      query.getHeader().setID(ids.nextInt(0x10000));
      // Each server has its turn before the deadline; a single one is asked twice.
      Duration turn = deadline.dividedBy(Math.max(2, targets.size()));
      send(server, left.compareTo(turn) < 0 ? left : turn)
          .whenCompleteAsync((answer, failure) -> heard(server, answer, failure), loop);
    }

    private CompletionStage<Message> send(InetSocketAddress server, Duration timeout) {
      SimpleResolver resolver = new SimpleResolver(server);
      resolver.setEDNS(null); // unchanged: none where the program sent none
      resolver.setTCP(tcp);
      resolver.setTimeout(timeout);
      try {
        return resolver.sendAsync(query.clone(), loop);
      } catch (RuntimeException e) {
        return CompletableFuture.failedStage(e);
      }
    }

    private void heard(
        InetSocketAddress server, @Nullable Message answer, @Nullable Throwable failure) {
      if (answer == null) {
        LOG.debug("{} did not answer: {}", server, String.valueOf(failure));
        ask();
      } else if (isUnhelpful(answer.getRcode())) {
        unhelpful = answer;
        ask();
      } else {
        finish(new Outcome.Answered(answer, false));
      }
    }

    private void finish(Outcome outcome) {
      underWay--;
      if (key != null) {
        shared.remove(key);
      }
      waiting.forEach(waiter -> waiter.accept(outcome));
    }
  }

  /** As a libc does, another server is worth asking. */
  private static boolean isUnhelpful(int rcode) {
    return rcode == Rcode.SERVFAIL || rcode == Rcode.REFUSED || rcode == Rcode.NOTIMP;
  }
}
