package dev.ktd.dns;

import dev.ktd.relay.DialFailure;
import dev.ktd.relay.Dialer;
import dev.ktd.relay.Downstream;
import dev.ktd.relay.Upstream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.Message;

/**
 * One TCP connection through the tunnel to a DNS server of the cluster. Questions are sent without
 * waiting for the answers of earlier ones (RFC 7766 section 6.2.1.1). On the relay's event loop.
 */
final class ClusterStream implements Downstream {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterStream.class);

  /**
   * Questions under way at once. CoreDNS answers those of one connection one after the other, so
   * more would only wait there.
   */
  static final int PIPELINE = 32;

  /** Questions in all: servers built like CoreDNS may end a connection after 128. */
  static final int MAX_QUESTIONS = 100;

  /** Hears what happens to the questions. */
  interface Owner {
    /** The answer to {@code question}, which is no longer under way. */
    void answered(ClusterStream stream, ClusterQuestion question, Message answer);

    /**
     * The connection is gone, and these questions have no answer.
     *
     * @param failure why it could not be opened; null when it was open
     */
    void gone(
        ClusterStream stream, List<ClusterQuestion> unanswered, @Nullable DialFailure failure);
  }

  private final InetSocketAddress server;
  private final Owner owner;
  private final Map<Integer, ClusterQuestion> underWay = new HashMap<>();
  private final Deque<ByteBuffer> unsent = new ArrayDeque<>();
  private final FrameReader frames = new FrameReader();
  private @Nullable Upstream upstream;
  private boolean open;
  private boolean gone;
  private boolean retired;
  private boolean flushing;
  private int sent;
  private long idleSince;

  ClusterStream(InetSocketAddress server, Owner owner) {
    this.server = server;
    this.owner = owner;
  }

  InetSocketAddress server() {
    return server;
  }

  /** Opens it. The owner may be called during the call. */
  void start(Dialer dialer) {
    Upstream dialled = dialer.dial(server, this);
    if (gone) {
      return;
    }
    upstream = dialled;
    flush();
  }

  boolean isUsable() {
    return !gone && !retired && sent < MAX_QUESTIONS && underWay.size() < PIPELINE;
  }

  int load() {
    return underWay.size();
  }

  boolean isIdle() {
    return underWay.isEmpty();
  }

  /** When the last answer came, by the clock given to {@link #idleSince(long)}. */
  long idleSince() {
    return idleSince;
  }

  void idleSince(long nanos) {
    idleSince = nanos;
  }

  /** Asks; the owner hears the answer. Only while {@link #isUsable}. */
  void ask(ClusterQuestion question) {
    int id = sent++; // below MAX_QUESTIONS, so never twice
    underWay.put(id, question);
    unsent.add(FrameReader.frame(question.question().message(id).toWire()));
    flush();
  }

  /** No longer waits for the answer to {@code question}. */
  void forget(ClusterQuestion question) {
    underWay.values().remove(question);
  }

  /** Takes no more questions; ends with its last answer. */
  void retire() {
    retired = true;
  }

  boolean isFinished() {
    return isIdle() && (retired || sent >= MAX_QUESTIONS);
  }

  /** Ends it at once; the owner hears nothing more. */
  void abort() {
    gone = true;
    underWay.clear();
    unsent.clear();
    if (upstream != null) {
      upstream.abort();
    }
  }

  @Override
  public void opened() {
    open = true;
    flush();
  }

  @Override
  public void failed(DialFailure why) {
    end(why);
  }

  @Override
  public void data(ByteBuffer data) {
    int size = data.remaining();
    while (!gone) {
      byte[] frame = frames.next(data);
      if (frame == null) {
        break;
      }
      take(frame);
    }
    if (!gone && upstream != null) {
      upstream.consumed(size);
    }
  }

  private void take(byte[] frame) {
    try {
      Message answer = new Message(frame);
      int id = answer.getHeader().getID();
      ClusterQuestion question = underWay.get(id);
      if (question != null && question.question().isAnsweredBy(answer)) {
        underWay.remove(id);
        owner.answered(this, question, answer);
      }
      // Else the answer to a forgotten question.
    } catch (IOException | RuntimeException e) {
      LOG.warn("an answer of {} cannot be used, the connection is given up", server, e);
      broken();
    }
  }

  @Override
  public void writable() {
    flush();
  }

  @Override
  public void end() {
    broken(); // answers to what is under way can no longer come
  }

  @Override
  public void closed(boolean clean) {
    end(null);
  }

  private void broken() {
    Upstream ended = upstream;
    end(null);
    if (ended != null) {
      ended.abort();
    }
  }

  private void end(@Nullable DialFailure why) {
    if (gone) {
      return;
    }
    gone = true;
    List<ClusterQuestion> unanswered = new ArrayList<>(underWay.values());
    underWay.clear();
    unsent.clear();
    owner.gone(this, unanswered, why);
  }

  private void flush() {
    if (flushing) {
      return; // an answer came during a write; the outer call goes on
    }
    flushing = true;
    while (open && !gone && upstream != null && !unsent.isEmpty()) {
      ByteBuffer first = unsent.getFirst();
      int before = first.position();
      int taken = upstream.write(first);
      if (gone) {
        break;
      }
      first.position(before + taken);
      if (first.hasRemaining()) {
        break; // writable() follows
      }
      unsent.removeFirst();
    }
    flushing = false;
  }
}
