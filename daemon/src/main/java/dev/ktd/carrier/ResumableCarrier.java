package dev.ktd.carrier;

import dev.ktd.carrier.Handshake.Answer;
import dev.ktd.carrier.Handshake.Kind;
import dev.ktd.error.KtdException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stream to the agent that outlives what carries it (docs/carrier-protocol.md): a plain carrier
 * that is cut, or silent for too long, is replaced, and the stream goes on where it stopped. Who
 * uses it notices a pause and nothing else.
 *
 * <p>All calls on its event loop, but {@link #probe}, {@link #close} and the figures, which any
 * thread may ask for.
 */
public final class ResumableCarrier implements Carrier {
  private static final Logger LOG = LoggerFactory.getLogger(ResumableCarrier.class);

  /** What may be kept of the bytes that the agent has not confirmed. */
  static final int KEPT_LIMIT = 8 * 1024 * 1024;

  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(10);

  private final EventLoop loop;
  private final LongSupplier nanos;
  private final ResumeSettings settings;
  private final Listener listener;
  private final Events events;
  private final byte[] id = Handshake.random(Handshake.ID);
  private final String name = "stream " + HexFormat.of().formatHex(id, 0, 4);
  private final Agent agent = new Agent();
  private final KeptBytes kept = new KeptBytes(KEPT_LIMIT);
  private final Receipts receipts;
  private final Pulse pulse;
  private final Alarm alarm;
  private final Reopening reopening;
  private long limitNanos;
  private @Nullable Leg active;
  private boolean opened;
  private boolean readyTold;
  private boolean over;
  private boolean reading = true;
  private boolean toldWritable = true;

  /** The active leg is silent, and another one is being opened. */
  private boolean suspecting;

  private long suspendedAt;
  private long lastToken;
  private long pingedAt;
  private volatile boolean suspended;
  private volatile long resumed;
  private volatile double rttMillis = Double.NaN;
  private volatile String path = "port-forward";
  private volatile String protocol = "SPDY/3.1";

  /** What becomes of the stream. All calls on its event loop. */
  public interface Events {
    /** The agent has let us in, for the first time or again: a name server may have changed. */
    void introduced(AgentInfo agent);

    /** Nothing carries the stream at the moment. */
    void suspended(KtdException why);

    /** The stream goes on. {@code pause}: how long nothing carried it. */
    void resumed(Duration pause);
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
    this.nanos = nanos;
    this.settings = settings;
    this.listener = listener;
    this.events = events;
    this.limitNanos = settings.limit().toNanos();
    long now = nanos.getAsLong();
    this.receipts = new Receipts(now);
    this.pulse = new Pulse(settings.timing(), now);
    this.alarm = new Alarm(loop, nanos, this::tick);
    this.reopening = new Reopening(loop, nanos, blocking, route, settings.timing(), agent, name);
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
    ResumableCarrier stream =
        new ResumableCarrier(loop, nanos, blocking, route, settings, listener, events);
    loop.execute(
        () -> {
          if (!stream.over) {
            stream.reopening.begin();
          }
        });
    return stream;
  }

  /**
   * Asks at once whether the plain carrier is alive, and ends a pause between attempts: the
   * machine's network has changed, or it slept. Any thread.
   */
  public void probe() {
    onLoop(this::probeNow);
  }

  /** Last round trip to the agent in milliseconds; NaN before the first. Any thread. */
  public double rttMillis() {
    return rttMillis;
  }

  /** How often the stream has gone on over another plain carrier. Any thread. */
  public long resumed() {
    return resumed;
  }

  /** Whether nothing carries the stream at the moment. Any thread. */
  public boolean isSuspended() {
    return suspended;
  }

  /** Of the plain carrier that there is, or was last. Any thread. */
  @Override
  public String path() {
    return path;
  }

  /** Of the plain carrier that there is, or was last. Any thread. */
  @Override
  public String protocol() {
    return protocol;
  }

  /** {@inheritDoc} They are kept until the agent has confirmed them, so they must never change. */
  @Override
  public void write(ByteBuf data) {
    if (over) {
      data.release();
      return;
    }
    kept.add(data);
    if (kept.isOverfull()) {
      loop.execute(() -> end(StreamFailures.tooMuchKept()));
    }
  }

  @Override
  public void flush() {
    if (!over) {
      send();
      tellWritability();
    }
  }

  /**
   * {@inheritDoc} Also false when the most is kept that may be unconfirmed. True while suspended:
   * what is written then is kept.
   */
  @Override
  public boolean isWritable() {
    if (over || !readyTold || kept.isFull()) {
      return false;
    }
    Carrier plain = active == null || !active.takesFrames() ? null : active.carrier();
    return plain == null || (plain.isWritable() && !kept.hasWaiting());
  }

  /** {@inheritDoc} Whatever plain carrier there is, or will be. */
  @Override
  public void setReading(boolean wanted) {
    reading = wanted;
    // Silence of one that is not listened to says nothing.
    pulse.heard(nanos.getAsLong());
    Leg leg = active;
    if (leg != null && leg.carries()) {
      leg.setReading(wanted);
    }
  }

  /** {@inheritDoc} Tells the agent as well, if something carries the stream. Any thread. */
  @Override
  public void close() {
    onLoop(this::closeNow);
  }

  private void closeNow() {
    Leg leg = active;
    if (!over && leg != null && leg.takesFrames()) {
      leg.sendAll(kept);
      leg.write(FrameWriter.close(FrameWriter.DONE));
      leg.flush();
    }
    end(StreamFailures.closedHere());
  }

  private void onLoop(Runnable task) {
    if (loop.inEventLoop()) {
      task.run();
    } else {
      loop.execute(task);
    }
  }

  /** The stream is over; the listener hears of it after the current turn. */
  private void end(KtdException why) {
    if (over) {
      return;
    }
    over = true;
    suspended = false;
    alarm.cancel();
    reopening.stop();
    Leg leg = active;
    active = null;
    if (leg != null) {
      leg.drop();
    }
    kept.release();
    loop.execute(() -> listener.closed(why));
  }

  /** What the agent sent cannot be: one of the two is wrong about the bytes. */
  private void endOverMalformed(String what) {
    Leg leg = active;
    if (leg != null && leg.takesFrames()) {
      leg.write(FrameWriter.close(FrameWriter.MALFORMED));
      leg.flush();
    }
    end(StreamFailures.malformed(what));
  }

  private void send() {
    Leg leg = active;
    if (leg == null || !leg.takesFrames()) {
      return;
    }
    if (leg.send(kept) && pulse.sent(nanos.getAsLong())) {
      setAlarm();
    }
    leg.flush();
  }

  private void tellWritability() {
    boolean now = isWritable();
    if (now != toldWritable && readyTold && !over) {
      toldWritable = now;
      listener.writabilityChanged(now);
    }
  }

  private void setAlarm() {
    if (!opened || over) {
      return;
    }
    boolean doubtful = suspended || suspecting;
    if (doubtful) {
      alarm.by(pulse.heardAt() + limitNanos);
    }
    if (active != null && !suspecting) {
      alarm.by(pulse.deadline());
    }
  }

  private void tick() {
    long now = nanos.getAsLong();
    if (over || !opened) {
      return;
    }
    if ((suspended || suspecting) && now - pulse.heardAt() >= limitNanos) {
      end(StreamFailures.limitPassed(Duration.ofNanos(limitNanos), reopening.lastFailure()));
      return;
    }
    if (active != null && !suspecting) {
      switch (pulse.due(now)) {
        case NOTHING -> {}
        case PING -> ping(now);
        case SUSPECT -> suspect(now);
      }
    }
    setAlarm();
  }

  private void ping(long now) {
    pulse.asked(now);
    sendPing(now);
  }

  /** Also confirms what has come. */
  private void sendPing(long now) {
    Leg leg = active;
    if (leg != null && leg.carries()) {
      lastToken++;
      pingedAt = now;
      receipts.confirm(now);
      leg.write(FrameWriter.ping(lastToken, receipts.received()));
      leg.flush();
    }
  }

  private void suspect(long now) {
    if (reading) {
      LOG.debug("{}: silent, another carrier is opened", name);
      suspecting = true;
      reopening.begin();
    } else {
      pulse.heard(now);
    }
  }

  private void probeNow() {
    if (over) {
      return;
    }
    reopening.hurry();
    if (opened && active != null && !pulse.isProbing()) {
      long now = nanos.getAsLong();
      sendPing(now);
      double rtt = rttMillis;
      pulse.probed(now, Double.isNaN(rtt) ? 0 : (long) (rtt * 1e6));
      setAlarm();
    }
  }

  private void suspend(KtdException why) {
    if (!suspended) {
      suspended = true;
      suspendedAt = nanos.getAsLong();
      LOG.info("{}: cut: {}", name, why.getMessage());
      events.suspended(why);
    }
  }

  /** The agent carries the stream, for the first time or again. */
  private void carried(Leg leg, Answer answer) {
    AgentInfo info;
    try {
      info = AgentInfo.parse(answer.info());
    } catch (IllegalArgumentException e) {
      endOverMalformed("its introduction: " + e.getMessage());
      return;
    }
    limitNanos =
        Math.min(settings.limit().toNanos(), Duration.ofSeconds(info.limitSeconds()).toNanos());
    long now = nanos.getAsLong();
    if (!reading) {
      leg.setReading(false);
    }
    reopening.cancel();
    ping(now);
    send();
    events.introduced(info);
    setAlarm();
  }

  // Only the loop writes the figure.
  @SuppressWarnings("NonAtomicVolatileUpdate")
  private void goOn(long sentAgain) {
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
    tellWritability();
  }

  /** The other end. */
  private final class Agent implements Leg.Owner, Reopening.Owner {
    /** An ACK was written in this turn. */
    private boolean acknowledged;

    @Override
    public Leg leg() {
      return new Leg(loop, new Handshake(settings.secret(), id), this);
    }

    @Override
    public void attemptFailed(KtdException why) {
      if (opened) {
        reopening.failed(why);
      } else {
        end(why);
      }
    }

    @Override
    public void greeted(Leg leg) {
      Leg silent = active;
      reopening.taken();
      if (silent != null) {
        silent.drop();
        suspend(StreamFailures.silent(Duration.ofNanos(nanos.getAsLong() - pulse.heardAt())));
      }
      if (over) {
        leg.drop(); // the listener closed it
        return;
      }
      active = leg;
      suspecting = false;
      Carrier plain = leg.carrier();
      if (plain != null) {
        path = plain.path();
        protocol = plain.protocol();
      }
      long now = nanos.getAsLong();
      receipts.confirm(now);
      pulse.replaced(now);
      leg.hello(opened ? Kind.RESUME : Kind.NEW, receipts.received(), ANSWER_LIMIT);
      setAlarm();
      if (!readyTold) {
        readyTold = true;
        listener.ready(ResumableCarrier.this);
      }
      tellWritability();
    }

    @Override
    public void answered(Leg leg, Answer answer) {
      switch (answer.status()) {
        case OPENED -> {
          if (opened || answer.received() != 0) {
            endOverMalformed("an answer to what was not asked");
          } else {
            opened = true;
            carried(leg, answer);
          }
        }
        case RESUMED -> {
          long again = opened ? kept.rewind(answer.received()) : -1;
          if (again < 0) {
            endOverMalformed("it goes on where we are not");
          } else {
            carried(leg, answer);
            if (!over) {
              goOn(again);
            }
          }
        }
        case UNKNOWN -> end(StreamFailures.unknown());
        case LOST -> end(StreamFailures.lost());
        case BUSY -> {
          leg.drop();
          ended(leg, StreamFailures.busy());
        }
      }
    }

    @Override
    public void heard(Leg leg) {
      if (leg == active) {
        pulse.heard(nanos.getAsLong());
        if (suspecting) {
          suspecting = false;
          reopening.cancel();
          setAlarm();
        }
      }
    }

    @Override
    public void readComplete(Leg leg) {
      if (leg != active) {
        return;
      }
      long now = nanos.getAsLong();
      if (receipts.isDue(now)) {
        acknowledge(leg, now);
      }
      listener.readComplete();
      if (acknowledged) {
        acknowledged = false;
        leg.flush();
      }
      tellWritability();
    }

    private void acknowledge(Leg leg, long now) {
      receipts.confirm(now);
      acknowledged = true;
      leg.write(FrameWriter.ack(receipts.received()));
    }

    @Override
    public void writabilityChanged(Leg leg) {
      if (leg == active) {
        send();
        tellWritability();
      }
    }

    @Override
    public void ended(Leg leg, KtdException why) {
      boolean carried = leg.carried();
      if (leg != active) {
        if (reopening.ended(leg)) {
          attemptFailed(why);
        }
        return;
      }
      active = null;
      suspecting = false;
      if (!opened || !carried) {
        attemptFailed(why);
      } else {
        suspend(why);
        reopening.begin();
        tellWritability();
      }
      setAlarm();
    }

    @Override
    public void data(ByteBuf bytes) {
      int n = bytes.readableBytes();
      listener.data(bytes);
      receipts.add(n);
      Leg leg = active;
      if (receipts.isFull() && leg != null && leg.carries()) {
        acknowledge(leg, nanos.getAsLong());
      }
    }

    @Override
    public void acknowledged(long received) {
      if (!kept.confirm(received)) {
        endOverMalformed("it confirms bytes that were not sent");
      }
    }

    @Override
    public void pong(long token, long received) {
      if (token == lastToken) {
        rttMillis = (nanos.getAsLong() - pingedAt) / 1e6;
      }
      acknowledged(received);
    }

    @Override
    public void closed(int code, String text) {
      end(StreamFailures.closedByAgent(code, text));
    }

    @Override
    public void malformed(String what) {
      endOverMalformed(what);
    }
  }
}
