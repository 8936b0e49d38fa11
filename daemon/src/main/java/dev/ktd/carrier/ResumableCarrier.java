package dev.ktd.carrier;

import dev.ktd.error.KtdException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * A stream to the agent that outlives what carries it (docs/carrier-protocol.md): a plain carrier
 * that is cut, or silent for too long, is replaced, and the stream goes on where it stopped. Who
 * uses it notices a pause and nothing else.
 *
 * <p>All calls on its event loop, but {@link #probe}, {@link #move}, {@link #close} and the
 * figures, which any thread may ask for.
 */
public final class ResumableCarrier implements Carrier {
  private final EventLoop loop;
  private final Stream stream;

  /** What becomes of the stream. All calls on its event loop. */
  public interface Events {
    /** The agent has let us in, for the first time or again: a name server may have changed. */
    void introduced(AgentInfo agent);

    /**
     * The plain carrier is silent although it was asked, so another one is being opened; or it has
     * spoken after all. A silent one that is replaced is {@link #suspended}, then {@link #resumed}.
     */
    default void doubted(boolean silent) {}

    /** Nothing carries the stream at the moment. */
    void suspended(KtdException why);

    /** The stream goes on. {@code pause}: how long nothing carried it. */
    void resumed(Duration pause);

    /**
     * Another plain carrier carries the stream, after a cut or a {@link #move}.
     *
     * @param roundTrip to the agent and back, while nothing else was under way
     */
    default void rerouted(Duration roundTrip) {}
  }

  private ResumableCarrier(
      EventLoop loop,
      LongSupplier nanos,
      Executor blocking,
      Route route,
      ResumeSettings settings,
      Listener listener,
      Events events) {
    this.loop = loop;
    this.stream = new Stream(this, loop, nanos, blocking, route, settings, listener, events);
  }

  /**
   * Opens a new stream. {@link Carrier.Listener#ready} follows when an agent has greeted, {@link
   * Events#introduced} when it has let us in; or {@link Carrier.Listener#closed}, with a {@link
   * KtdException}, since a first opening is not tried again. Later {@code closed} comes when the
   * stream cannot be resumed: the agent does not know it any more, or the limit has passed (both
   * TUNNEL). Nothing is called during the call.
   *
   * @param route asked for each plain carrier, on a virtual thread, which {@link #close} interrupts
   */
  public static ResumableCarrier open(
      EventLoop loop,
      Route route,
      ResumeSettings settings,
      Carrier.Listener listener,
      Events events) {
    Executor virtual = task -> Thread.ofVirtual().name("ktd-route").start(task);
    return open(loop, System::nanoTime, virtual, route, settings, listener, events);
  }

  /**
   * With a clock, and with a place to ask the route.
   *
   * @param nanos the loop's own clock, or one as fast
   */
  static ResumableCarrier open(
      EventLoop loop,
      LongSupplier nanos,
      Executor blocking,
      Route route,
      ResumeSettings settings,
      Carrier.Listener listener,
      Events events) {
    ResumableCarrier carrier =
        new ResumableCarrier(loop, nanos, blocking, route, settings, listener, events);
    loop.execute(carrier.stream::open);
    return carrier;
  }

  /**
   * Asks at once whether the plain carrier is alive, and ends a pause between attempts: the
   * machine's network has changed, or it slept. Any thread.
   */
  public void probe() {
    onLoop(stream::probe);
  }

  /**
   * Moves the stream to another way, which is opened first, up to the agent's greeting. Where it
   * fails, all stays as it is, or the route is asked; it is not tried again. Nothing while the
   * stream is not carried, or is to be carried by another anyway. Any thread.
   */
  public void move(CarrierOpener way) {
    onLoop(() -> stream.move(way));
  }

  /** Last round trip to the agent in milliseconds; NaN before the first. Any thread. */
  public double rttMillis() {
    return stream.rttMillis();
  }

  /** How often the stream has gone on over another plain carrier after a cut. Any thread. */
  public long resumed() {
    return stream.figures().resumed();
  }

  /** Whether nothing carries the stream at the moment. Any thread. */
  public boolean isSuspended() {
    return stream.figures().isSuspended();
  }

  /** Of the plain carrier that there is, or was last. Any thread. */
  @Override
  public String path() {
    return stream.figures().path();
  }

  /** Of the plain carrier that there is, or was last. Any thread. */
  @Override
  public String protocol() {
    return stream.figures().protocol();
  }

  /** Bytes that the agent has not confirmed. */
  long keptBytes() {
    return stream.keptBytes();
  }

  /** {@inheritDoc} They are kept until the agent has confirmed them, so they must never change. */
  @Override
  public void write(ByteBuf data) {
    stream.write(data);
  }

  @Override
  public void flush() {
    stream.flush();
  }

  /**
   * {@inheritDoc} Also false when the most is kept that may be unconfirmed. True while suspended:
   * what is written then is kept.
   */
  @Override
  public boolean isWritable() {
    return stream.isWritable();
  }

  /** {@inheritDoc} Whatever plain carrier there is, or will be. */
  @Override
  public void setReading(boolean reading) {
    stream.setReading(reading);
  }

  /** {@inheritDoc} Tells the agent as well, if something carries the stream. Any thread. */
  @Override
  public void close() {
    onLoop(stream::close);
  }

  private void onLoop(Runnable task) {
    if (loop.inEventLoop()) {
      task.run();
    } else {
      loop.execute(task);
    }
  }
}
