package dev.ktd.carrier;

import dev.ktd.carrier.ResumeSettings.Timing;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Watches one stream: asks for signs of life, says when its carrier is silent for too long, and
 * when nothing has come for so long that the stream is over. On the loop, but {@link #rttMillis}.
 */
final class Watch {
  private final LongSupplier nanos;
  private final Owner owner;
  private final Pulse pulse;
  private final Alarm alarm;
  private Duration limit = Duration.ZERO;
  private boolean started;
  private boolean hasCarrier;
  private boolean listening = true;

  /** The agent has not let us in since the last cut. */
  private boolean suspended;

  /** The carrier is silent, and the owner knows. */
  private boolean suspecting;

  private long lastToken;
  private long pingedAt;
  private volatile double rttMillis = Double.NaN;

  /** Whose stream it is. */
  interface Owner {
    /** A PING with this token is due; where it cannot be sent, silence counts all the same. */
    void ping(long token);

    /** Nothing has come although it was asked for. Not told again until something is heard. */
    void silent();

    /** Nothing has come for {@code limit}, and the stream is cut or its carrier silent. */
    void limitPassed(Duration limit);
  }

  /**
   * @param nanos the loop's clock
   */
  Watch(EventLoop loop, LongSupplier nanos, Timing timing, Owner owner) {
    this.nanos = nanos;
    this.owner = owner;
    this.pulse = new Pulse(timing, nanos.getAsLong());
    this.alarm = new Alarm(loop, nanos, this::tick);
  }

  /** The agent has let us in, for the first time or again; asks for a round trip at once. */
  void carried(Duration newLimit) {
    started = true;
    suspended = false;
    limit = newLimit;
    pulse.limit(limit.toNanos());
    pulse.asked(nanos.getAsLong());
    ping();
    setAlarm();
  }

  /** Another carrier has been asked to go on. */
  void replaced() {
    hasCarrier = true;
    suspecting = false;
    pulse.replaced(nanos.getAsLong());
    setAlarm();
  }

  /** There is no carrier any more. */
  void cut() {
    hasCarrier = false;
    suspecting = false;
    suspended = true;
    setAlarm();
  }

  /**
   * Something came.
   *
   * @return true: the owner was told of silence, which has ended
   */
  boolean heard() {
    pulse.heard(nanos.getAsLong());
    boolean ended = suspecting;
    if (ended) {
      suspecting = false;
      setAlarm();
    }
    return ended;
  }

  /** The carrier is silent although it was asked. */
  boolean suspects() {
    return suspecting;
  }

  /** Something was sent that the agent answers sooner or later. */
  void sent() {
    if (pulse.sent(nanos.getAsLong())) {
      setAlarm();
    }
  }

  void pong(long token) {
    if (token == lastToken) {
      rttMillis = (nanos.getAsLong() - pingedAt) / 1e6;
    }
  }

  /** Silence of a carrier that is not listened to says nothing. */
  void listen(boolean now) {
    listening = now;
    pulse.heard(nanos.getAsLong());
  }

  /** Asks at once, and waits for less long. */
  void probe() {
    if (started && hasCarrier && !pulse.isProbing()) {
      double rtt = rttMillis;
      pulse.probed(nanos.getAsLong(), Double.isNaN(rtt) ? 0 : (long) (rtt * 1e6));
      ping();
      setAlarm();
    }
  }

  void stop() {
    started = false;
    alarm.cancel();
  }

  /** Last round trip in milliseconds; NaN before the first. Any thread. */
  double rttMillis() {
    return rttMillis;
  }

  /** Since when nothing has come. */
  Duration silence() {
    return Duration.ofNanos(nanos.getAsLong() - pulse.heardAt());
  }

  private void ping() {
    pingedAt = nanos.getAsLong();
    owner.ping(++lastToken);
  }

  private void setAlarm() {
    if (!started) {
      return;
    }
    if (suspended || suspecting) {
      alarm.by(pulse.heardAt() + limit.toNanos());
    }
    if (hasCarrier && !suspecting) {
      alarm.by(pulse.deadline());
    }
  }

  private void tick() {
    if (!started) {
      return;
    }
    if ((suspended || suspecting) && silence().compareTo(limit) >= 0) {
      owner.limitPassed(limit);
      return;
    }
    if (hasCarrier && !suspecting) {
      ask();
    }
    setAlarm();
  }

  private void ask() {
    long now = nanos.getAsLong();
    switch (pulse.due(now)) {
      case NOTHING -> {}
      case PING -> {
        pulse.asked(now);
        ping();
      }
      case SUSPECT -> {
        if (listening) {
          suspecting = true;
          owner.silent();
        } else {
          pulse.heard(now);
        }
      }
    }
  }
}
