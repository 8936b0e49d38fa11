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
 * What a {@link ResumableCarrier} does: one resumable stream, with at most one leg that carries it
 * and one that is being opened. On the loop, but the figures.
 */
final class Stream {
  private static final Logger LOG = LoggerFactory.getLogger(Stream.class);

  /** What may be kept of the bytes that the agent has not confirmed. */
  static final int KEPT_LIMIT = 8 * 1024 * 1024;

  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(10);

  private final Carrier carrier;
  private final EventLoop loop;
  private final LongSupplier nanos;
  private final ResumeSettings settings;
  private final Carrier.Listener listener;
  private final ResumableCarrier.Events events;
  private final byte[] id = Handshake.random(Handshake.ID);
  private final String name = "stream " + HexFormat.of().formatHex(id, 0, 4);
  private final Agent agent = new Agent();
  private final StreamFigures figures;
  private final KeptBytes kept = new KeptBytes(KEPT_LIMIT);
  private final Receipts receipts;
  private final Watch watch;
  private final Reopening reopening;
  private @Nullable Leg active;

  /** When the active leg's agent was asked to carry the stream. */
  private long askedAt;

  private boolean opened;
  private boolean readyTold;
  private boolean over;
  private boolean reading = true;
  private boolean toldWritable = true;

  /**
   * @param carrier what the listener is told to be ready
   */
  Stream(
      Carrier carrier,
      EventLoop loop,
      LongSupplier nanos,
      Executor blocking,
      Route route,
      ResumeSettings settings,
      Carrier.Listener listener,
      ResumableCarrier.Events events) {
    this.carrier = carrier;
    this.loop = loop;
    this.nanos = nanos;
    this.settings = settings;
    this.listener = listener;
    this.events = events;
    this.figures = new StreamFigures(nanos, events, name);
    this.receipts = new Receipts(nanos.getAsLong());
    this.watch = new Watch(loop, nanos, settings.timing(), agent);
    this.reopening = new Reopening(loop, nanos, blocking, route, settings.timing(), agent, name);
  }

  void open() {
    if (!over) {
      reopening.begin();
    }
  }

  void probe() {
    if (!over) {
      reopening.hurry();
      watch.probe();
    }
  }

  void move(CarrierOpener way) {
    if (active != null && active.carries()) {
      reopening.offer(way);
    }
  }

  double rttMillis() {
    return watch.rttMillis();
  }

  StreamFigures figures() {
    return figures;
  }

  long keptBytes() {
    return kept.bytes();
  }

  void write(ByteBuf data) {
    if (over) {
      data.release();
      return;
    }
    kept.add(data);
    if (kept.isOverfull()) {
      loop.execute(() -> end(StreamFailures.tooMuchKept()));
    }
  }

  void flush() {
    if (!over) {
      send();
      tellWritability();
    }
  }

  boolean isWritable() {
    if (over || !readyTold || kept.isFull()) {
      return false;
    }
    Carrier plain = active == null || !active.takesFrames() ? null : active.carrier();
    return plain == null || (plain.isWritable() && !kept.hasWaiting());
  }

  void setReading(boolean wanted) {
    reading = wanted;
    watch.listen(wanted);
    Leg leg = active;
    if (leg != null && leg.carries()) {
      leg.setReading(wanted);
    }
  }

  void close() {
    Leg leg = active;
    if (leg != null) {
      leg.sendAll(kept);
      leg.sayClose(FrameWriter.DONE);
    }
    end(StreamFailures.closedHere());
  }

  /** The stream is over; the listener hears of it after the current turn. */
  private void end(KtdException why) {
    if (over) {
      return;
    }
    over = true;
    figures.end();
    watch.stop();
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
    if (leg != null) {
      leg.sayClose(FrameWriter.MALFORMED);
    }
    end(StreamFailures.malformed(what));
  }

  private void send() {
    Leg leg = active;
    if (leg != null && leg.send(kept)) {
      watch.sent();
    }
  }

  private void tellWritability() {
    boolean now = isWritable();
    if (now != toldWritable && readyTold && !over) {
      toldWritable = now;
      listener.writabilityChanged(now);
    }
  }

  /** The agent carries the stream, for the first time or again. */
  private void carried(Leg leg, AgentInfo info) {
    if (!reading) {
      leg.setReading(false);
    }
    reopening.cancel();
    Duration theirs = Duration.ofSeconds(info.limitSeconds());
    Duration ours = settings.limit();
    watch.carried(ours.compareTo(theirs) < 0 ? ours : theirs);
    send();
    events.introduced(info);
  }

  /** The other end. */
  private final class Agent implements Leg.Owner, Reopening.Owner, Watch.Owner {
    /** An ACK was written in this turn. */
    private boolean acknowledged;

    @Override
    public Leg leg() {
      return new Leg(loop, new Handshake(settings.secret(), id), this);
    }

    @Override
    public void attemptFailed(KtdException why) {
      if (!opened) {
        end(why);
      } else if (active != null && !watch.suspects()) {
        LOG.info("{}: not moved: {}", name, why.getMessage());
        reopening.cancel();
      } else {
        reopening.failed(why);
      }
    }

    /** Also confirms what has come. */
    @Override
    public void ping(long token) {
      Leg leg = active;
      if (leg != null && leg.carries()) {
        receipts.confirm(nanos.getAsLong());
        leg.write(FrameWriter.ping(token, receipts.received()));
        leg.flush();
      }
    }

    @Override
    public void silent() {
      LOG.debug("{}: silent, another carrier is opened", name);
      reopening.begin();
      figures.doubt(true);
    }

    @Override
    public void limitPassed(Duration limit) {
      end(StreamFailures.limitPassed(limit, reopening.lastFailure()));
    }

    @Override
    public void greeted(Leg leg) {
      Leg before = active;
      reopening.taken();
      if (before != null) {
        before.drop();
        if (watch.suspects()) {
          figures.suspend(StreamFailures.silent(watch.silence()));
        }
      }
      if (over) {
        leg.drop(); // the listener closed it
        return;
      }
      active = leg;
      Carrier plain = leg.carrier();
      if (plain != null) {
        figures.carriedBy(plain);
      }
      receipts.confirm(nanos.getAsLong());
      watch.replaced();
      askedAt = nanos.getAsLong();
      leg.hello(opened ? Kind.RESUME : Kind.NEW, receipts.received(), ANSWER_LIMIT);
      if (!readyTold) {
        readyTold = true;
        listener.ready(carrier);
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
            carried(leg, answer.info());
          }
        }
        case RESUMED -> {
          long again = opened ? kept.rewind(answer.received()) : -1;
          if (again < 0) {
            endOverMalformed("it goes on where we are not");
          } else {
            carried(leg, answer.info());
            if (!over) {
              figures.resume(again, Duration.ofNanos(nanos.getAsLong() - askedAt));
              tellWritability();
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
      if (leg == active && watch.heard()) {
        reopening.calm();
        figures.doubt(false);
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
      watch.cut();
      if (opened) {
        figures.suspend(why);
      }
      if (!opened || !carried) {
        attemptFailed(why);
      } else {
        reopening.begin();
        tellWritability();
      }
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
      watch.pong(token);
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
