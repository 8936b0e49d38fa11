package dev.ktd.relay;

import dev.ktd.stack.Refusal;
import dev.ktd.stack.TcpFlow;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One TCP flow and its far side, with their windows coupled: the stack's receive window opens as
 * the far side takes bytes, the far side's window opens as the local kernel acknowledges. On the
 * event loop.
 *
 * <pre>
 *  DIALLING --opened--> OPEN --both ends said their last--> ENDED
 *      \--failed, gave up--> ENDED       \--reset either way--> ENDED
 * </pre>
 */
final class TcpRelay implements Downstream, TcpFlow.Listener {
  private static final Logger log = LoggerFactory.getLogger(TcpRelay.class);

  private enum State {
    DIALLING,
    OPEN,
    ENDED
  }

  private final Relay relay;
  private final TcpFlow flow;
  private final long deadline;

  /** What the stack had no room for; at most {@link Downstream#WINDOW} bytes. */
  private final Backlog backlog = new Backlog(WINDOW);

  private State state = State.DIALLING;
  private @Nullable Upstream upstream;
  private boolean farEnded;
  private boolean farClosed;
  private boolean finSent;

  TcpRelay(Relay relay, TcpFlow flow, long deadline) {
    this.relay = relay;
    this.flow = flow;
    this.deadline = deadline;
  }

  void dial(Dialer dialer) {
    Upstream dialled = dialer.dial(flow.key().destination(), this);
    upstream = dialled;
    if (state == State.OPEN) {
      flow.resume(); // Opened during the call: bytes of the program were not taken yet.
    }
  }

  /** When the dial is given up, in nanoseconds of the loop's clock. */
  long deadline() {
    return deadline;
  }

  /** The far side took too long, or nobody waits any more. Nothing is said: so would a network. */
  void giveUp() {
    failed(DialFailure.TIMED_OUT);
    if (upstream != null) {
      upstream.abort();
    }
  }

  // What the far side says.

  @Override
  public void opened() {
    if (state != State.DIALLING) {
      return;
    }
    state = State.OPEN;
    relay.dialSucceeded(flow, this);
    flow.accept(this);
    relay.wake();
  }

  @Override
  public void failed(DialFailure why) {
    if (state != State.DIALLING) {
      return;
    }
    state = State.ENDED;
    relay.dialFailed(flow);
    log.debug("{}: {}", flow.key(), why);
    flow.refuse(refusal(why));
    relay.wake();
  }

  @Override
  public void data(ByteBuffer data) {
    if (state != State.OPEN) {
      return;
    }
    if (backlog.isEmpty()) {
      writeSome(data);
    }
    if (data.hasRemaining()) {
      if (!backlog.add(data)) {
        log.warn("{}: the far side sent more than any window; the flow is reset", flow.key());
        reset();
        return;
      }
      relay.backlogged(this, true);
    }
    relay.wake();
  }

  @Override
  public void writable() {
    if (state == State.OPEN) {
      flow.resume();
      relay.wake();
    }
  }

  @Override
  public void end() {
    if (state == State.OPEN) {
      farEnded = true;
      finishIfDrained();
      relay.wake();
    }
  }

  @Override
  public void closed(boolean clean) {
    switch (state) {
      case DIALLING -> failed(DialFailure.UNREACHABLE);
      case OPEN -> {
        farClosed = true;
        if (clean) {
          farEnded = true;
          finishIfDrained();
        } else {
          finish();
          flow.abort();
        }
        relay.wake();
      }
      case ENDED -> {}
    }
  }

  // What the local program does, as the stack tells it.

  @Override
  public int received(ByteBuffer data) {
    if (state != State.OPEN) {
      return data.remaining();
    }
    if (farClosed) {
      // Both directions are closed over there: a socket would answer RST (RFC 9293 3.10.7.1).
      int dropped = data.remaining();
      reset();
      return dropped;
    }
    return upstream == null ? 0 : upstream.write(data);
  }

  @Override
  public void receivedEnd() {
    if (state == State.OPEN && !farClosed && upstream != null) {
      upstream.shutdownOutput();
    }
  }

  @Override
  public void acknowledged(int bytes) {
    if (state == State.OPEN) {
      if (upstream != null) {
        upstream.consumed(bytes);
      }
      drain();
    }
  }

  @Override
  public void aborted() {
    if (state == State.OPEN) {
      finish();
      if (upstream != null) {
        upstream.abort();
      }
    }
  }

  /** Both sides have said their last; the far side may still be sending what it took. */
  @Override
  public void closed() {
    finish();
  }

  /** Hands on what waited, as far as there is room; false when there was none. */
  boolean drain() {
    if (state != State.OPEN || backlog.isEmpty()) {
      return false;
    }
    int before = backlog.bytes();
    backlog.drain(this::writeSome);
    boolean any = backlog.bytes() < before;
    finishIfDrained();
    return any;
  }

  private void writeSome(ByteBuffer data) {
    int limit = data.limit();
    int room = flow.writable();
    if (room > 0) {
      data.limit(data.position() + Math.min(room, data.remaining()));
      flow.write(data);
      data.position(data.limit()).limit(limit);
    }
  }

  private void finishIfDrained() {
    if (backlog.isEmpty()) {
      relay.backlogged(this, false);
      if (farEnded && !finSent) {
        finSent = true;
        flow.shutdownOutput();
      }
    }
  }

  /** Ends the flow on both sides at once. */
  void reset() {
    finish();
    flow.abort();
    if (upstream != null) {
      upstream.abort();
    }
    relay.wake();
  }

  private void finish() {
    state = State.ENDED;
    backlog.clear();
    relay.ended(this);
  }

  static Refusal refusal(DialFailure why) {
    return switch (why) {
      case REFUSED -> Refusal.REFUSED;
      case UNREACHABLE, NO_TUNNEL -> Refusal.HOST_UNREACHABLE;
      case PROHIBITED -> Refusal.PROHIBITED;
      case TIMED_OUT -> Refusal.SILENT;
    };
  }
}
