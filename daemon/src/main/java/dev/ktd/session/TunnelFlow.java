package dev.ktd.session;

import dev.ktd.relay.DialFailure;
import dev.ktd.relay.Dialer;
import dev.ktd.relay.Downstream;
import dev.ktd.relay.Upstream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * One TCP flow of the tunnel, between relay and transport: waits for a lane, then passes all on and
 * counts its bytes. A lane that goes before the far side has answered sends it back to wait. On the
 * event loop.
 *
 * <pre>
 *   WAITING <--> DIALLED ---> OPEN ---> ENDED     (each may end)
 * </pre>
 */
final class TunnelFlow implements Upstream, Downstream {
  private enum State {
    WAITING,
    DIALLED,
    OPEN,
    ENDED
  }

  private final WaitingDials line;
  private final InetSocketAddress destination;
  private final Downstream downstream;
  private final long deadline;
  private State state = State.WAITING;
  private LanePlacement.@Nullable Place place;
  private @Nullable Upstream upstream;
  private @Nullable Future<?> timeout;

  /**
   * @param deadline when waiting ends, in nanoseconds of the line's clock
   */
  TunnelFlow(
      WaitingDials line, InetSocketAddress destination, Downstream downstream, long deadline) {
    this.line = line;
    this.destination = destination;
    this.downstream = downstream;
    this.deadline = deadline;
  }

  long deadline() {
    return deadline;
  }

  /** What ends the waiting when it takes too long. */
  void timeout(Future<?> timer) {
    timeout = timer;
  }

  /** The flow has left the line: its turn has come. */
  void start(Dialer dialer, LanePlacement.Place taken) {
    stopTimer();
    place = taken;
    state = State.DIALLED;
    Upstream dialled = dialer.dial(destination, this);
    if (state == State.DIALLED || state == State.OPEN) {
      upstream = dialled;
    }
    if (state == State.OPEN) {
      downstream.writable(); // opened during the call: bytes were not taken yet
    }
  }

  /** The flow has left the line for good. */
  void giveUp(DialFailure why) {
    if (state != State.ENDED) {
      upstream = null;
      over();
      downstream.failed(why);
    }
  }

  private void over() {
    state = State.ENDED;
    stopTimer();
    if (place != null) {
      place.leave();
    }
  }

  private void stopTimer() {
    if (timeout != null) {
      timeout.cancel(false);
      timeout = null;
    }
  }

  private void moved(int bytes) {
    if (place != null) {
      place.moved(bytes);
    }
  }

  // What the far side says.

  @Override
  public void opened() {
    state = State.OPEN;
    downstream.opened();
  }

  @Override
  public void failed(DialFailure why) {
    if (why == DialFailure.NO_TUNNEL) {
      over();
      upstream = null;
      state = State.WAITING;
      line.again(this);
    } else {
      giveUp(why);
    }
  }

  @Override
  public void data(ByteBuffer data) {
    moved(data.remaining());
    downstream.data(data);
  }

  @Override
  public void writable() {
    downstream.writable();
  }

  @Override
  public void end() {
    downstream.end();
  }

  @Override
  public void closed(boolean clean) {
    over();
    if (!clean) {
      upstream = null; // else the relay goes on to tell it what the program has taken
    }
    downstream.closed(clean);
  }

  // What the relay asks.

  @Override
  public int write(ByteBuffer data) {
    if (upstream == null) {
      return 0;
    }
    int taken = upstream.write(data);
    moved(taken);
    return taken;
  }

  @Override
  public void shutdownOutput() {
    if (upstream != null) {
      upstream.shutdownOutput();
    }
  }

  @Override
  public void consumed(int bytes) {
    if (upstream != null) {
      upstream.consumed(bytes);
    }
  }

  @Override
  public void abort() {
    if (state == State.WAITING) {
      line.leave(this);
    }
    over();
    Upstream gone = upstream;
    upstream = null;
    if (gone != null) {
      gone.abort();
    }
  }
}
