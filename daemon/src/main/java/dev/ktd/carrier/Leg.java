package dev.ktd.carrier;

import dev.ktd.carrier.Handshake.Answer;
import dev.ktd.error.KtdException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One plain carrier of a stream, from its opening to its end: greeting, hello, answer, frames. What
 * comes of it after its end is released and told to nobody. On the event loop.
 */
final class Leg implements Carrier.Listener {
  private final EventLoop loop;
  private final Handshake handshake;
  private final Owner owner;
  private final FrameReader frames;
  private Phase phase = Phase.OPENING;
  private byte[] collected = new byte[Handshake.GREETING];
  private byte[] answer = {};
  private int have;
  private boolean carried;
  private Handshake.@Nullable Kind asked;
  private @Nullable Carrier carrier;
  private @Nullable Future<?> deadline;

  /** How far it has come. */
  private enum Phase {
    OPENING,
    ANSWER,
    INFO,
    CARRIES,
    OVER
  }

  /** Whose stream it is. Frames are told as to a {@link FrameReader.Sink}. */
  interface Owner extends FrameReader.Sink {
    /** An agent is there. {@link Leg#hello} or {@link Leg#drop} has to follow at once. */
    void greeted(Leg leg);

    /** The agent has answered. What is not OPENED or RESUMED has to be dropped at once. */
    void answered(Leg leg, Answer answer);

    /** Bytes have come, whatever they mean. */
    void heard(Leg leg);

    void readComplete(Leg leg);

    void writabilityChanged(Leg leg);

    /** It came to nothing, or was cut. Called at most once, last, and not after drop. */
    void ended(Leg leg, KtdException why);
  }

  Leg(EventLoop loop, Handshake handshake, Owner owner) {
    this.loop = loop;
    this.handshake = handshake;
    this.owner = owner;
    this.frames = new FrameReader(owner);
  }

  /**
   * Starts to open a plain carrier.
   *
   * @param patience for the agent to greet
   */
  void open(CarrierOpener opener, Duration patience) {
    deadline =
        loop.schedule(
            () -> reject(StreamFailures.noGreeting(patience)),
            patience.toMillis(),
            TimeUnit.MILLISECONDS);
    try {
      carrier = opener.open(loop, this);
    } catch (RuntimeException e) {
      end(StreamFailures.of(e), false);
    }
  }

  /**
   * Asks for the stream.
   *
   * @param received the client's position in the agent's bytes
   * @param patience for the answer
   */
  void hello(Handshake.Kind kind, long received, Duration patience) {
    asked = kind;
    phase = Phase.ANSWER;
    collected = new byte[Handshake.ANSWER];
    deadline =
        loop.schedule(
            () -> reject(StreamFailures.noAnswer(patience)),
            patience.toMillis(),
            TimeUnit.MILLISECONDS);
    write(Unpooled.wrappedBuffer(handshake.hello(kind, received)));
    flush();
  }

  /** The plain carrier, to be written to; null before it is open and after the end. */
  @Nullable Carrier carrier() {
    return phase == Phase.OVER ? null : carrier;
  }

  /** Whether frames may be sent: a new stream's need not wait for the answer. */
  boolean takesFrames() {
    return phase == Phase.CARRIES || (asked == Handshake.Kind.NEW && phase != Phase.OVER);
  }

  /** Whether the agent has let us in. */
  boolean carries() {
    return phase == Phase.CARRIES;
  }

  /** Whether it carried the stream before its end. */
  boolean carried() {
    return carried;
  }

  /**
   * Sends what of {@code kept} waits, as much as there is room for. True: something was written.
   */
  boolean send(KeptBytes kept) {
    Carrier to = carrier();
    if (to == null || !takesFrames()) {
      return false;
    }
    boolean any = kept.send(to);
    to.flush();
    return any;
  }

  /** Writes all of {@code kept} that waits. */
  void sendAll(KeptBytes kept) {
    Carrier to = carrier();
    if (to != null && takesFrames()) {
      kept.sendAll(to);
    }
  }

  /** Says that the stream ends, if there is anybody to say it to. */
  void sayClose(int code) {
    if (takesFrames()) {
      write(FrameWriter.close(code));
      flush();
    }
  }

  void setReading(boolean reading) {
    Carrier to = carrier();
    if (to != null) {
      to.setReading(reading);
    }
  }

  void write(ByteBuf frame) {
    Carrier to = carrier();
    if (to == null) {
      frame.release();
    } else {
      to.write(frame);
    }
  }

  void flush() {
    Carrier to = carrier();
    if (to != null) {
      to.flush();
    }
  }

  /** Closes the plain carrier and forgets it; the owner hears nothing more. Repeatable. */
  void drop() {
    finish(false);
  }

  private boolean finish(boolean abandon) {
    if (phase == Phase.OVER) {
      return false;
    }
    phase = Phase.OVER;
    frames.stop();
    stopDeadline();
    Carrier open = carrier;
    carrier = null;
    if (open != null && abandon) {
      open.abandon();
    } else if (open != null) {
      open.close();
    }
    return true;
  }

  private void end(KtdException why, boolean abandon) {
    if (finish(abandon)) {
      owner.ended(this, why);
    }
  }

  /** Who does not say the right thing in time is not the agent: another way may lead to it. */
  private void reject(KtdException why) {
    end(why, true);
  }

  private void stopDeadline() {
    if (deadline != null) {
      deadline.cancel(false);
      deadline = null;
    }
  }

  @Override
  public void ready(Carrier open) {
    if (phase == Phase.OVER) {
      open.close();
    } else {
      carrier = open;
    }
  }

  @Override
  public void data(ByteBuf bytes) {
    if (phase == Phase.OVER) {
      bytes.release();
      return;
    }
    owner.heard(this);
    if (phase == Phase.CARRIES) {
      frames.read(bytes);
      return;
    }
    try {
      while (bytes.isReadable() && phase != Phase.CARRIES && phase != Phase.OVER) {
        collect(bytes);
      }
      if (phase == Phase.CARRIES && bytes.isReadable()) {
        frames.read(bytes.retain());
      }
    } catch (KtdException e) {
      reject(e);
    } finally {
      bytes.release();
    }
  }

  private void collect(ByteBuf bytes) {
    int n = Math.min(collected.length - have, bytes.readableBytes());
    bytes.readBytes(collected, have, n);
    have += n;
    while (have == collected.length && phase != Phase.CARRIES && phase != Phase.OVER) {
      have = 0;
      if (!step()) {
        return;
      }
    }
  }

  /** What was waited for is whole. False: what comes next has to be waited for. */
  private boolean step() {
    return switch (phase) {
      case OPENING -> {
        handshake.greeted(collected);
        stopDeadline();
        owner.greeted(this);
        yield false;
      }
      case ANSWER -> {
        answer = collected;
        collected = new byte[Handshake.infoLength(answer)];
        phase = Phase.INFO;
        yield true;
      }
      case INFO -> {
        Answer understood = handshake.answer(answer, collected);
        stopDeadline();
        carried = understood.accepts();
        phase = carried ? Phase.CARRIES : phase;
        owner.answered(this, understood);
        yield false;
      }
      case CARRIES, OVER -> throw new IllegalStateException("in " + phase);
    };
  }

  @Override
  public void readComplete() {
    if (phase == Phase.CARRIES) {
      owner.readComplete(this);
    }
  }

  @Override
  public void writabilityChanged(boolean writable) {
    if (takesFrames()) {
      owner.writabilityChanged(this);
    }
  }

  @Override
  public void closed(Throwable why) {
    carrier = null;
    end(StreamFailures.of(why), false);
  }
}
