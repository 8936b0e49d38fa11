package dev.ktd.carrier;

import dev.ktd.error.KtdException;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a stream fares: told to its user and to the log as it happens, and to any thread that asks.
 * Only the loop changes it.
 */
final class StreamFigures {
  private static final Logger LOG = LoggerFactory.getLogger(StreamFigures.class);

  private final LongSupplier nanos;
  private final ResumableCarrier.Events events;
  private final String name;
  private long suspendedAt;
  private volatile boolean suspended;
  private volatile long resumed;
  private volatile String path = "port-forward";
  private volatile String protocol = "SPDY/3.1";

  /**
   * @param nanos the loop's clock
   * @param name of the stream, for the log
   */
  StreamFigures(LongSupplier nanos, ResumableCarrier.Events events, String name) {
    this.nanos = nanos;
    this.events = events;
    this.name = name;
  }

  boolean isSuspended() {
    return suspended;
  }

  /** How often the stream went on after a cut. */
  long resumed() {
    return resumed;
  }

  /** Of the plain carrier that there is, or was last. */
  String path() {
    return path;
  }

  /** Of the plain carrier that there is, or was last. */
  String protocol() {
    return protocol;
  }

  void carriedBy(Carrier plain) {
    path = plain.path();
    protocol = plain.protocol();
  }

  /** The carrier is silent although it was asked, or has spoken after all. */
  void doubt(boolean silent) {
    events.doubted(silent);
  }

  /** Nothing carries the stream; that it is so already is not told again. */
  void suspend(KtdException why) {
    if (!suspended) {
      suspended = true;
      suspendedAt = nanos.getAsLong();
      LOG.info("{}: cut: {}", name, why.getMessage());
      events.suspended(why);
    }
  }

  /**
   * The stream goes on, after a cut or because it was moved.
   *
   * @param roundTrip of the plain carrier that there is now
   */
  // Only the loop writes.
  @SuppressWarnings("NonAtomicVolatileUpdate")
  void resume(long sentAgain, Duration roundTrip) {
    events.rerouted(roundTrip);
    if (!suspended) {
      LOG.info("{}: moved ({}), {} bytes sent again", name, path, sentAgain);
      return;
    }
    Duration pause = Duration.ofNanos(nanos.getAsLong() - suspendedAt);
    suspended = false;
    resumed++;
    LOG.info(
        "{}: goes on ({}) after {} ms, {} bytes sent again",
        name,
        path,
        pause.toMillis(),
        sentAgain);
    events.resumed(pause);
  }

  /** There is nothing that could go on. */
  void end() {
    suspended = false;
  }
}
