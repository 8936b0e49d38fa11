package dev.ktd.dns;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.relay.DialFailure;
import dev.ktd.relay.Dialer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/**
 * Asks the cluster's DNS servers by TCP through the tunnel: a few connections, used again, with
 * many questions on each; equal questions are asked once; answers are kept for a short while.
 *
 * <p>A question goes to the first server, after a broken connection or {@value #PATIENCE_MILLIS} ms
 * of silence once more on a new connection, then to the next server. After {@value
 * #DEADLINE_MILLIS} ms it has failed. Everything on the relay's event loop, except what says
 * otherwise.
 */
public final class ClusterResolver implements AutoCloseable {
  static final int MAX_STREAMS = 4;

  /** As many questions as this on the least busy connection, and another one is opened. */
  static final int CROWDED = 8;

  static final int MAX_QUESTIONS = 1024;

  /** A libc waits 5 s before it asks again. */
  static final long DEADLINE_MILLIS = 5_000;

  static final long PATIENCE_MILLIS = 2_000;

  /** CoreDNS ends idle connections after 10 s: sooner, or a question meets the end. */
  static final long IDLE_MILLIS = 5_000;

  private static final Logger LOG = LoggerFactory.getLogger(ClusterResolver.class);
  private static final int PORT = 53;

  private final Dialer dialer;
  private final ScheduledExecutorService loop;
  private final LongSupplier nanos;
  private final AnswerCache cache;
  private final Map<Question, ClusterQuestion> asked = new HashMap<>();
  private final Deque<ClusterQuestion> queue = new ArrayDeque<>();
  private final Set<ClusterStream> streams = new LinkedHashSet<>();
  private final ClusterStream.Owner owner = new Answers();
  private List<InetSocketAddress> servers = List.of();
  private boolean tunnel = true;
  private boolean closed;
  private @Nullable Future<?> sweep;

  /**
   * @param dialer opens streams into the cluster
   * @param loop the relay's event loop, for timers
   * @param nanos monotonic clock of the cache, e.g. {@code System::nanoTime}
   */
  public ClusterResolver(Dialer dialer, ScheduledExecutorService loop, LongSupplier nanos) {
    this.dialer = dialer;
    this.loop = loop;
    this.nanos = nanos;
    this.cache = new AnswerCache(nanos);
  }

  /**
   * The cluster's DNS servers, in order, as the proxy pod knows them. Any thread. None at first:
   * until then every question is answered with SERVFAIL.
   */
  public void servers(List<InetAddress> servers) {
    List<InetSocketAddress> all =
        servers.stream().map(server -> new InetSocketAddress(server, PORT)).toList();
    loop.execute(() -> this.servers = all);
  }

  /**
   * Says whether there is a tunnel. Any thread. Without one every question, also those under way,
   * is answered with SERVFAIL at once, and the cache is forgotten. True at first.
   */
  public void tunnel(boolean up) {
    loop.execute(
        () -> {
          tunnel = up;
          if (!up) {
            drop("the tunnel went down");
          }
        });
  }

  /**
   * The addresses (A and AAAA) of a full name, asked as a local program's question would be. Any
   * thread. Empty when the name does not exist or has none; fails with KtdException DNS when no
   * server answered.
   */
  public CompletableFuture<List<InetAddress>> addresses(String name) {
    CompletableFuture<List<InetAddress>> ipv4 = new CompletableFuture<>();
    CompletableFuture<List<InetAddress>> ipv6 = new CompletableFuture<>();
    try {
      Name absolute = Name.fromString(name, Name.root);
      loop.execute(
          () -> {
            ask(new Question(absolute, Type.A, true, false, false), toAddresses(name, ipv4));
            ask(new Question(absolute, Type.AAAA, true, false, false), toAddresses(name, ipv6));
          });
    } catch (TextParseException | RejectedExecutionException e) {
      return CompletableFuture.failedFuture(notAnswered(name, String.valueOf(e.getMessage())));
    }
    return ipv4.thenCombine(
        ipv6,
        (first, second) -> {
          List<InetAddress> both = new ArrayList<>(first);
          both.addAll(second);
          return List.copyOf(both);
        });
  }

  /** Ends connections and questions under way. Any thread. */
  @Override
  public void close() {
    try {
      loop.execute(
          () -> {
            closed = true;
            drop("ktd is going down");
          });
    } catch (RejectedExecutionException _) {
      LOG.debug("the event loop has ended before its resolver");
    }
  }

  /** Finds the answer. {@code done} hears it once, possibly during the call, on the event loop. */
  void ask(Question question, Consumer<Outcome> done) {
    if (closed || !tunnel || servers.isEmpty()) {
      done.accept(new Outcome.Failed(tunnel ? "no server is known" : "there is no tunnel"));
      return;
    }
    Message kept = cache.get(question);
    if (kept != null) {
      done.accept(new Outcome.Answered(kept, true));
      return;
    }
    ClusterQuestion known = asked.get(question);
    if (known != null) {
      known.join(done);
      return;
    }
    if (asked.size() >= MAX_QUESTIONS) {
      done.accept(new Outcome.Failed("too many questions are under way"));
      return;
    }
    ClusterQuestion first = new ClusterQuestion(question);
    first.join(done);
    asked.put(question, first);
    first.deadline(
        loop.schedule(
            () -> fail(first, "no answer in time"), DEADLINE_MILLIS, TimeUnit.MILLISECONDS));
    place(first);
  }

  /** How many connections there are. */
  int streams() {
    return streams.size();
  }

  private void place(ClusterQuestion question) {
    if (question.server() >= servers.size()) {
      fail(question, "no server answered");
      return;
    }
    InetSocketAddress server = servers.get(question.server());
    ClusterStream least = question.needsFreshStream() ? null : leastBusy(server);
    if (least != null && (least.load() < CROWDED || streams.size() >= MAX_STREAMS)) {
      send(question, least);
    } else if (streams.size() < MAX_STREAMS || freeOne()) {
      ClusterStream fresh = new ClusterStream(server, owner);
      streams.add(fresh);
      fresh.idleSince(nanos.getAsLong());
      send(question, fresh);
      fresh.start(dialer);
      sweepLater();
    } else {
      queue.add(question);
    }
  }

  private @Nullable ClusterStream leastBusy(InetSocketAddress server) {
    ClusterStream least = null;
    for (ClusterStream stream : streams) {
      if (stream.isUsable()
          && stream.server().equals(server)
          && (least == null || stream.load() < least.load())) {
        least = stream;
      }
    }
    return least;
  }

  /** Makes room for a new connection by ending one that nobody waits for. */
  private boolean freeOne() {
    for (ClusterStream stream : streams) {
      if (stream.isIdle()) {
        remove(stream);
        return true;
      }
    }
    return false;
  }

  private void send(ClusterQuestion question, ClusterStream stream) {
    question.askedOn(
        stream,
        loop.schedule(() -> lost(question, stream), PATIENCE_MILLIS, TimeUnit.MILLISECONDS));
    stream.ask(question);
  }

  /** The connection may be dead without knowing it: nothing more is asked there. */
  private void lost(ClusterQuestion question, ClusterStream stream) {
    stream.forget(question);
    stream.retire();
    settle(stream);
    question.takenBack();
    question.next(true);
    place(question);
    drainQueue();
  }

  private void fail(ClusterQuestion question, String why) {
    ClusterStream stream = question.stream();
    if (stream != null) {
      stream.forget(question);
      settle(stream);
    }
    queue.remove(question);
    finish(question, new Outcome.Failed(why));
  }

  private void finish(ClusterQuestion question, Outcome outcome) {
    asked.remove(question.question(), question);
    question.finish(outcome);
  }

  private void settle(ClusterStream stream) {
    stream.idleSince(nanos.getAsLong());
    if (stream.isFinished()) {
      remove(stream);
    }
  }

  private void remove(ClusterStream stream) {
    streams.remove(stream);
    stream.abort();
  }

  private void drainQueue() {
    for (int waiting = queue.size(); waiting > 0; waiting--) {
      ClusterQuestion first = queue.poll();
      if (first == null) {
        return;
      }
      place(first); // puts it back at the end where there is still no room
    }
  }

  private void drop(String why) {
    cache.clear();
    List.copyOf(streams).forEach(this::remove);
    List.copyOf(asked.values()).forEach(question -> fail(question, why));
  }

  private void sweepLater() {
    if (sweep == null) {
      sweep = loop.schedule(this::sweep, IDLE_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private void sweep() {
    sweep = null;
    long now = nanos.getAsLong();
    for (ClusterStream stream : List.copyOf(streams)) {
      if (stream.isIdle()
          && now - stream.idleSince() >= TimeUnit.MILLISECONDS.toNanos(IDLE_MILLIS)) {
        remove(stream);
      }
    }
    if (!streams.isEmpty()) {
      sweepLater();
    }
  }

  private static Consumer<Outcome> toAddresses(
      String name, CompletableFuture<List<InetAddress>> result) {
    return outcome -> {
      switch (outcome) {
        case Outcome.Answered answered -> result.complete(addresses(answered.message()));
        case Outcome.Failed failed -> result.completeExceptionally(notAnswered(name, failed.why()));
      }
    };
  }

  private static List<InetAddress> addresses(Message message) {
    List<InetAddress> found = new ArrayList<>();
    for (Record record : message.getSection(Section.ANSWER)) {
      if (record instanceof ARecord a) {
        found.add(a.getAddress());
      } else if (record instanceof AAAARecord aaaa) {
        found.add(aaaa.getAddress());
      }
    }
    return found;
  }

  private static KtdException notAnswered(String name, String why) {
    return new KtdException(
        ErrorCode.DNS,
        "The cluster's DNS servers did not answer for " + name + ": " + why + ".",
        "Look whether they run:  kubectl get pods -n kube-system -l k8s-app=kube-dns");
  }

  private final class Answers implements ClusterStream.Owner {
    @Override
    public void answered(ClusterStream stream, ClusterQuestion question, Message answer) {
      cache.put(question.question(), answer);
      settle(stream);
      finish(question, new Outcome.Answered(answer, false));
      drainQueue();
    }

    @Override
    public void gone(
        ClusterStream stream, List<ClusterQuestion> unanswered, @Nullable DialFailure failure) {
      streams.remove(stream);
      LOG.debug(
          "connection to {} is gone ({}), {} unanswered",
          stream.server(),
          failure,
          unanswered.size());
      for (ClusterQuestion question : unanswered) {
        question.takenBack();
        if (failure == DialFailure.NO_TUNNEL) {
          finish(question, new Outcome.Failed("there is no tunnel"));
        } else {
          question.next(failure == null);
          place(question);
        }
      }
      drainQueue();
    }
  }
}
