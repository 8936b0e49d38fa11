package dev.ktd.relay;

import dev.ktd.stack.FlowHandler;
import dev.ktd.stack.FrameSink;
import dev.ktd.stack.Stack;
import io.netty.channel.IoEventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owns the stack on one event loop: frames of a batch go in, then one {@link Stack#poll} for each
 * iteration of the loop sends all that the batch and the far side have made due.
 *
 * <p>The constructor, {@link #start}, {@link #close}, {@link #destinations} and {@link #status}
 * from any thread; all else happens on the loop.
 */
public final class TunLoop {
  private static final Logger log = LoggerFactory.getLogger(TunLoop.class);

  private final IoEventLoop loop;
  private final FramePort port;
  private final Relay relay;
  private final Stack stack;
  private final Consumer<IOException> deviceLost;
  private final LongSupplier clock = System::nanoTime;

  private boolean turnDue;
  private boolean closed;
  private long timerAt = Long.MAX_VALUE;
  private @Nullable ScheduledFuture<?> timer;

  /** Makes the stack, which needs both its neighbours. */
  public interface StackMaker {
    Stack make(FlowHandler flows, FrameSink frames);
  }

  /**
   * @param destinations where flows go; can be replaced later
   * @param deviceLost told on the loop, at most once, when the device can no longer be read
   */
  public TunLoop(
      IoEventLoop loop,
      FramePort port,
      Destinations destinations,
      StackMaker stackMaker,
      Consumer<IOException> deviceLost) {
    this.loop = loop;
    this.port = port;
    this.deviceLost = deviceLost;
    this.relay = new Relay(destinations, clock, this::wake);
    this.stack = stackMaker.make(relay, port);
  }

  /** Begins to read the device. */
  public Future<?> start() {
    return port.start(loop, new Frames());
  }

  /** From now on flows go there; flows that are open stay where they are. Any thread. */
  public void destinations(Destinations destinations) {
    loop.execute(() -> relay.destinations(destinations));
  }

  /** What is going through now; done on the loop. */
  public Future<Status> status() {
    return loop.submit(
        () -> {
          Map<String, Long> all = new LinkedHashMap<>(stack.counters());
          all.putAll(port.counters());
          all.putAll(relay.drops());
          return new Status(relay.counters(), stack.tcpFlows(), stack.udpFlows(), all);
        });
  }

  /**
   * @param relay flows opened and refused
   * @param tcp TCP connections now
   * @param udp UDP flows now
   * @param counters of stack, device and relay by name; those of lost packets start with {@code
   *     drops.}
   */
  public record Status(Relay.Counters relay, int tcp, int udp, Map<String, Long> counters) {}

  /** Stops reading and resets every flow. The device may be closed when the future is done. */
  public Future<?> close() {
    Promise<Void> done = loop.newPromise();
    port.stop()
        .addListener(
            stopped ->
                loop.execute(
                    () -> {
                      try {
                        shut();
                        done.setSuccess(null);
                      } catch (RuntimeException e) {
                        done.setFailure(e);
                      }
                    }));
    return done;
  }

  private void shut() {
    if (closed) {
      return;
    }
    closed = true;
    if (timer != null) {
      timer.cancel(false);
    }
    try {
      relay.close();
    } finally {
      stack.close();
    }
  }

  /** Asks for a turn at the end of this iteration of the loop. On the loop. */
  private void wake() {
    if (!turnDue && !closed) {
      turnDue = true;
      // Tasks run after the I/O of the same iteration: all of it shares one poll.
      loop.execute(this::turn);
    }
  }

  private void turn() {
    turnDue = false;
    if (closed) {
      return;
    }
    long now = clock.getAsLong();
    try {
      relay.poll(now);
      stack.poll(now);
    } catch (RuntimeException e) {
      log.error("a turn of the stack failed", e);
    }
    setTimer(now);
  }

  /** A timer that fires too early only costs an empty turn: it is moved forward, never back. */
  private void setTimer(long now) {
    long next = Math.min(relay.nextDeadline(), stack.nextDeadline());
    if (next == Long.MAX_VALUE || (timer != null && timerAt - next <= 0)) {
      return;
    }
    if (timer != null) {
      timer.cancel(false);
    }
    timerAt = next;
    timer = loop.schedule(this::timerFired, Math.max(0, next - now), TimeUnit.NANOSECONDS);
  }

  private void timerFired() {
    timer = null;
    wake();
  }

  private final class Frames implements FramePort.Receiver {
    @Override
    public void frame(ByteBuffer frame) {
      if (!closed) {
        stack.receive(frame, clock.getAsLong());
      }
    }

    @Override
    public void batchEnd() {
      wake();
    }

    @Override
    public void failed(IOException why) {
      deviceLost.accept(why);
    }
  }
}
