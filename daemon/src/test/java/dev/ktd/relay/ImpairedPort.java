package dev.ktd.relay;

import dev.ktd.packet.SoftwareOffload;
import dev.ktd.packet.Wire;
import io.netty.channel.IoEventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A port that loses, repeats, delays (and so reorders) and damages frames each way. Which frame of
 * a run is hit follows from the seed; what the frames are, from the kernel's timing. Frames have a
 * virtio header. On the event loop of the port.
 */
final class ImpairedPort implements FramePort {
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  /** Frames that are late at a time, each way; more are on time. */
  private static final int MOST_LATE = 4096;

  private final FramePort port;
  private final Direction toStack;
  private final Direction toKernel;
  private @Nullable IoEventLoop loop;
  private @Nullable Receiver receiver;
  private boolean stopped;

  /**
   * Probabilities, for each frame, and the most that a late one is later.
   *
   * @param cuts super-segments are cut, and each piece meets its own fate; else one is lost whole
   */
  record Impairment(
      double loss, double repetition, double damage, double late, Duration lateness, boolean cuts) {
    static final Impairment NONE = new Impairment(0, 0, 0, 0, Duration.ofMillis(1), false);
  }

  /** What has happened, each way; read when the port is stopped, or on its loop. */
  record Tally(long frames, long lost, long repeated, long damaged, long late) {}

  ImpairedPort(FramePort port, Impairment toStack, Impairment toKernel, long seed) {
    this.port = port;
    var random = new SplittableRandom(seed);
    this.toStack = new Direction(toStack, random.split(), this::deliver);
    this.toKernel = new Direction(toKernel, random.split(), this::write);
  }

  Tally toStack() {
    return toStack.tally();
  }

  Tally toKernel() {
    return toKernel.tally();
  }

  @Override
  public Future<?> start(IoEventLoop onLoop, Receiver to) {
    loop = onLoop;
    receiver = to;
    return port.start(onLoop, new Impaired(to));
  }

  @Override
  public Future<?> stop() {
    IoEventLoop on = loop;
    if (on != null) {
      on.execute(() -> stopped = true);
    }
    return port.stop();
  }

  @Override
  public boolean send(ByteBuffer headers, ByteBuffer payload, ByteBuffer more) {
    if (toKernel.impairment.equals(Impairment.NONE)) {
      return port.send(headers, payload, more);
    }
    int length = headers.remaining() + payload.remaining() + more.remaining();
    ByteBuffer frame = ByteBuffer.allocate(length);
    frame.put(headers.duplicate()).put(payload.duplicate()).put(more.duplicate()).flip();
    toKernel.frame(frame);
    return true;
  }

  private void write(ByteBuffer frame) {
    port.send(
        ByteBuffer.allocateDirect(frame.remaining()).put(frame.duplicate()).flip(),
        NOTHING,
        NOTHING);
  }

  private void deliver(ByteBuffer frame) {
    Receiver to = receiver;
    if (to != null) {
      to.frame(frame.duplicate());
    }
  }

  private interface Way {
    void go(ByteBuffer frame);
  }

  /** What happens one way. */
  private final class Direction {
    private final Impairment impairment;
    private final SplittableRandom random;
    private final Way way;
    private final SoftwareOffload offload = new SoftwareOffload();
    private long frames;
    private long lost;
    private long repeated;
    private long damaged;
    private long late;
    private int waiting;

    Direction(Impairment impairment, SplittableRandom random, Way way) {
      this.impairment = impairment;
      this.random = random;
      this.way = way;
    }

    Tally tally() {
      return new Tally(frames, lost, repeated, damaged, late);
    }

    /** Takes a frame that stays as it is while it waits. */
    void frame(ByteBuffer frame) {
      boolean damage = hit(impairment.damage);
      List<ByteBuffer> pieces = damage || impairment.cuts ? offload.split(frame) : List.of(frame);
      int victim = damage ? random.nextInt(pieces.size()) : -1;
      for (int i = 0; i < pieces.size(); i++) {
        if (i == victim) {
          flipOneBit(pieces.get(i));
        }
        piece(pieces.get(i));
      }
    }

    private boolean hit(double probability) {
      return random.nextDouble() < probability;
    }

    /** The first byte stays: it is the IP version, and the device itself refuses another. */
    private void flipOneBit(ByteBuffer piece) {
      int from = Wire.VNET_HEADER + 1;
      int at = from + random.nextInt(piece.limit() - from);
      piece.put(at, (byte) (piece.get(at) ^ (1 << random.nextInt(8))));
      damaged++;
    }

    private void piece(ByteBuffer piece) {
      frames++;
      if (hit(impairment.loss)) {
        lost++;
      } else {
        once(piece);
      }
      if (hit(impairment.repetition)) {
        repeated++;
        once(piece);
      }
    }

    private void once(ByteBuffer piece) {
      IoEventLoop on = loop;
      if (on == null || !hit(impairment.late) || waiting >= MOST_LATE) {
        way.go(piece);
        return;
      }
      late++;
      waiting++;
      var _ =
          on.schedule(
              () -> arrive(piece),
              random.nextLong(impairment.lateness.toNanos()),
              TimeUnit.NANOSECONDS);
    }

    private void arrive(ByteBuffer piece) {
      waiting--;
      Receiver to = receiver;
      if (!stopped && to != null) {
        way.go(piece);
        to.batchEnd();
      }
    }
  }

  /** Between the port and its receiver. */
  private final class Impaired implements Receiver {
    private final Receiver to;

    Impaired(Receiver to) {
      this.to = to;
    }

    @Override
    public void frame(ByteBuffer frame) {
      if (toStack.impairment.equals(Impairment.NONE)) {
        to.frame(frame);
      } else {
        toStack.frame(ByteBuffer.allocate(frame.remaining()).put(frame.duplicate()).flip());
      }
    }

    @Override
    public void batchEnd() {
      to.batchEnd();
    }

    @Override
    public void failed(IOException why) {
      to.failed(why);
    }
  }
}
