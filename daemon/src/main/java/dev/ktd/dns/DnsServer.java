package dev.ktd.dns;

import dev.ktd.relay.Datagrams;
import dev.ktd.relay.DialFailure;
import dev.ktd.relay.Dialer;
import dev.ktd.relay.Downstream;
import dev.ktd.relay.NoUpstream;
import dev.ktd.relay.Upstream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;

/**
 * ktd's resolver, as one more destination of the stack: port 53 of the virtual address, UDP and
 * TCP. Any other port is refused; a ping is answered. Everything on the relay's event loop, except
 * what says otherwise.
 *
 * <p>In reading order: {@link Query#parse} judges the bytes, {@link SplitRules} says who answers,
 * {@link ClusterResolver} or {@link HostServers} finds the answer, {@link Reply} gives it the
 * program's id and spelling.
 */
public final class DnsServer implements Dialer, Datagrams, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DnsServer.class);
  private static final int PORT = 53;
  private static final int MAX_TCP = 65_535;

  /** Questions of one UDP socket under way; more are dropped, as a full queue of a host does. */
  private static final int MAX_PENDING = 64;

  private final ClusterResolver cluster;
  private final HostServers host;
  private final ScheduledExecutorService loop;
  private final Counters counters = new Counters();
  private volatile SplitRules rules;

  /**
   * @param cluster answers cluster names; ended together with this
   * @param host answers all others; ended together with this
   * @param loop the relay's event loop, for timers
   */
  public DnsServer(
      SplitRules rules, ClusterResolver cluster, HostServers host, ScheduledExecutorService loop) {
    this.rules = rules;
    this.cluster = cluster;
    this.host = host;
    this.loop = loop;
  }

  /** Decides by other rules from now on. Any thread. */
  public void rules(SplitRules rules) {
    this.rules = rules;
  }

  /** What happened so far. Any thread. */
  public DnsCounters counters() {
    return counters.snapshot();
  }

  @Override
  public Upstream dial(InetSocketAddress destination, Downstream downstream) {
    if (destination.getPort() != PORT) {
      downstream.failed(DialFailure.REFUSED);
      return new NoUpstream();
    }
    ServedConnection connection =
        new ServedConnection(downstream, (message, answer) -> answer(message, true, answer), loop);
    downstream.opened();
    return connection;
  }

  @Override
  public Association open(InetSocketAddress destination, Replies replies) {
    return destination.getPort() == PORT ? new Socket(replies) : new ClosedPort(replies);
  }

  @Override
  public boolean echo(InetAddress destination, ByteBuffer payload, EchoAnswer answer) {
    answer.answered(payload);
    return true;
  }

  /** Ends the cluster resolver and the host's servers too. Any thread. */
  @Override
  public void close() {
    cluster.close();
    host.close();
  }

  private void answer(byte[] wire, boolean tcp, ServedConnection.Answer answer) {
    switch (Query.parse(wire)) {
      case Query.Ignored _ -> {
        counters.malformed.increment();
        answer.drop();
      }
      case Query.Rejected rejected -> {
        counters.malformed.increment();
        answer.send(rejected.answer().toWire());
      }
      case Query.Valid query -> {
        counters.queries.increment();
        int limit = tcp ? MAX_TCP : query.udpLimit();
        answer(query, tcp, reply -> answer.send(Reply.wire(reply, limit)));
      }
    }
  }

  private void answer(Query.Valid query, boolean tcp, Consumer<Message> reply) {
    Record question = query.question();
    switch (rules.decide(question.getName(), question.getDClass())) {
      case Decision.Local local -> reply.accept(Reply.error(query, local.rcode()));
      case Decision.Host _ -> {
        counters.host.increment();
        host.forward(query, tcp, outcome -> reply.accept(fromHost(query, outcome)));
      }
      case Decision.Cluster(var ask) ->
          cluster.ask(
              Question.of(query, ask), outcome -> reply.accept(fromCluster(query, ask, outcome)));
    }
  }

  private Message fromHost(Query.Valid query, Outcome outcome) {
    return switch (outcome) {
      case Outcome.Answered answered -> Reply.fromHost(query, answered.message());
      case Outcome.Failed failed -> failure(query, failed);
    };
  }

  private Message fromCluster(Query.Valid query, Name ask, Outcome outcome) {
    return switch (outcome) {
      case Outcome.Answered answered -> {
        (answered.cached() ? counters.cached : counters.cluster).increment();
        yield Reply.fromCluster(query, ask, answered.message());
      }
      case Outcome.Failed failed -> {
        counters.cluster.increment();
        yield failure(query, failed);
      }
    };
  }

  private Message failure(Query.Valid query, Outcome.Failed failed) {
    counters.failed.increment();
    LOG.debug("{} is not answered: {}", query.question().getName(), failed.why());
    return Reply.error(query, Rcode.SERVFAIL);
  }

  /** A local program's UDP socket. */
  private final class Socket implements Association {
    private final Replies replies;
    private int underWay;
    private boolean closed;

    Socket(Replies replies) {
      this.replies = replies;
    }

    @Override
    public boolean send(ByteBuffer payload) {
      if (underWay >= MAX_PENDING) {
        counters.malformed.increment();
        return false;
      }
      byte[] message = new byte[payload.remaining()];
      payload.duplicate().get(message);
      underWay++;
      answer(message, false, new ToSocket());
      return true;
    }

    @Override
    public void close() {
      closed = true;
    }

    private final class ToSocket implements ServedConnection.Answer {
      @Override
      public void send(byte[] answer) {
        underWay--;
        if (!closed) {
          replies.datagram(ByteBuffer.wrap(answer));
        }
      }

      @Override
      public void drop() {
        underWay--;
      }
    }
  }

  private record ClosedPort(Replies replies) implements Association {
    @Override
    public boolean send(ByteBuffer payload) {
      replies.refused(DialFailure.REFUSED);
      return true;
    }

    @Override
    public void close() {}
  }
}
