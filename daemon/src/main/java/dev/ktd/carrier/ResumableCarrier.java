package dev.ktd.carrier;

import dev.ktd.error.KtdException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.time.Duration;

/**
 * A stream to the agent that outlives what carries it (docs/carrier-protocol.md): a plain carrier
 * that is cut, or silent for too long, is replaced, and the stream goes on where it stopped. Who
 * uses it notices a pause and nothing else.
 *
 * <p>All calls on its event loop, but {@link #probe}, {@link #close} and the figures, which any
 * thread may ask for.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class ResumableCarrier implements Carrier {
  private ResumableCarrier() {}

  /** What becomes of the stream. All calls on its event loop. */
  public interface Events {
    /** The agent has let us in, for the first time or again: a name server may have changed. */
    void introduced(AgentInfo agent);

    /** Nothing carries the stream at the moment. */
    void suspended(KtdException why);

    /** The stream goes on. {@code pause}: how long nothing carried it. */
    void resumed(Duration pause);
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
    throw new UnsupportedOperationException("not there yet");
  }

  /**
   * Asks at once whether the plain carrier is alive, and ends a pause between attempts: the
   * machine's network has changed, or it slept. Any thread.
   */
  public void probe() {
    throw new UnsupportedOperationException("not there yet");
  }

  /** Last round trip to the agent in milliseconds; NaN before the first. Any thread. */
  public double rttMillis() {
    return Double.NaN;
  }

  /** How often the stream has gone on over another plain carrier. Any thread. */
  public long resumed() {
    return 0;
  }

  /** Whether nothing carries the stream at the moment. Any thread. */
  public boolean isSuspended() {
    return false;
  }

  /** {@inheritDoc} Never changed in place, and kept until the agent has confirmed them. */
  @Override
  public void write(ByteBuf data) {
    data.release();
  }

  @Override
  public void flush() {}

  /** {@inheritDoc} False as well when the most is kept that may be unconfirmed. */
  @Override
  public boolean isWritable() {
    return false;
  }

  @Override
  public void setReading(boolean reading) {}

  @Override
  public void close() {}
}
