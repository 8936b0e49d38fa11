package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/**
 * One connection between a stack and a {@link TinyPeer}, over a path in simulated time. The same
 * setup does the same in every run.
 */
final class Simulation {
  private static final long START = 1_000_000_000L;
  private static final long PAUSE = 50_000_000;
  private static final long LONGEST = 3_600_000_000_000L;

  private final Setup setup;
  private final SplittableRandom random;
  private final RecordedEvents events = new RecordedEvents();
  private final UserspaceStack stack;
  private final TinyPeer peer;
  private final SimLink toStack;
  private final SimLink toPeer;
  private long written;
  private boolean requested;
  private boolean shut;
  private long now = START;
  private long resumesAt = Long.MAX_VALUE;
  private long arrivedAt = -1;

  /**
   * A run.
   *
   * @param offload the device has a virtio header and takes super-segments
   * @param up what happens on the way to the stack
   * @param down what happens on the way to the program
   * @param upload bytes from the program
   * @param download bytes to the program
   * @param window of the program, in units of 128 bytes
   * @param sendBuffer of the stack, in bytes
   * @param pauses the stack's owner sometimes takes nothing for a while
   */
  record Setup(
      long seed,
      boolean v6,
      boolean offload,
      TinyPeer.Kind peer,
      SimLink.Model up,
      SimLink.Model down,
      long upload,
      long download,
      int window,
      int sendBuffer,
      boolean pauses) {}

  Simulation(Setup setup) {
    this.setup = setup;
    random = new SplittableRandom(setup.seed);
    toStack = new SimLink(random.split(), setup.up, setup.offload);
    toPeer = new SimLink(random.split(), setup.down, setup.offload);
    StackConfig config =
        StackConfig.defaults(1500, setup.seed)
            .with(new StackConfig.Offloads(setup.offload, setup.offload, setup.offload, false))
            .with(new StackConfig.Buffers(1 << 20, setup.sendBuffer, 16 << 20));
    stack = WatchedStack.of(config, events, this::sent);
    peer =
        new TinyPeer(
            new TinyPeer.Nature(
                setup.v6, setup.offload, setup.peer, random.nextInt(), setup.upload, setup.window),
            frame -> toStack.send(frame, now));
  }

  private boolean sent(ByteBuffer headers, ByteBuffer payload, ByteBuffer more) {
    ByteBuffer frame =
        ByteBuffer.allocate(headers.remaining() + payload.remaining() + more.remaining());
    toPeer.send(frame.put(headers).put(payload).put(more).flip(), now);
    return true;
  }

  /** Until nobody has anything to do any more; then all must have come, and nothing be left. */
  void run() {
    peer.connect(now);
    long end = now + LONGEST;
    while (now < end && nextAt() < Long.MAX_VALUE) {
      now = nextAt();
      while (toStack.nextAt() <= now) {
        stack.receive(toStack.next().frame(), now);
        own();
      }
      if (resumesAt <= now) {
        own();
      }
      stack.poll(now);
      while (toPeer.nextAt() <= now) {
        peer.frame(toPeer.next(), now);
      }
      peer.due(now);
      if (arrivedAt < 0 && peer.received() >= setup.download && events.taken() == setup.upload) {
        arrivedAt = now;
      }
    }
    check();
  }

  /** Nanoseconds from the SYN to the last byte, both ways. */
  long duration() {
    return arrivedAt - START;
  }

  private void check() {
    assertThat(peer.reset()).as("reset").isFalse();
    assertThat(peer.received()).as("bytes down, and the end").isEqualTo(setup.download + 1);
    assertThat(events.taken()).as("bytes up").isEqualTo(setup.upload);
    assertThat(events.events()).contains("requested", "end", "closed").doesNotContain("aborted");
    assertThat(stack.tcpFlows()).as("flows").isZero();
    assertThat(stack.counters())
        .as("nothing is left")
        .containsEntry("buffers.bytes", 0L)
        .containsEntry("tcp.pending", 0L)
        .containsEntry("tcp.time-wait", 0L);
    assertThat(stack.nextDeadline()).as("timers").isEqualTo(Long.MAX_VALUE);
    if (toStack.damaged() == 0) {
      assertThat(stack.counters())
          .as("sound frames that were dropped")
          .containsEntry("drops.checksum", 0L)
          .containsEntry("drops.malformed", 0L)
          .containsEntry("drops.truncated", 0L);
    }
    stack.close();
  }

  private long nextAt() {
    long frames = Math.min(toStack.nextAt(), toPeer.nextAt());
    long timers = Math.min(peer.deadline(), stack.nextDeadline());
    return Math.min(resumesAt, Math.min(frames, timers));
  }

  /** What the owner of the flow does: reads with pauses, writes what there is room for. */
  private void own() {
    if (!requested && events.events().contains("requested")) {
      requested = true;
      events.flow().accept(events);
    }
    if (!requested) {
      return;
    }
    if (setup.pauses && random.nextInt(10) == 0) {
      events.appetite(random.nextInt(20_000));
      resumesAt = now + random.nextLong(PAUSE);
    } else {
      resumesAt = Long.MAX_VALUE;
      events.appetite(Long.MAX_VALUE);
      events.flow().resume();
    }
    write();
    if (written == setup.download && !shut) {
      shut = true;
      events.flow().shutdownOutput();
    }
  }

  private void write() {
    int length = (int) Math.min(events.flow().writable(), setup.download - written);
    if (length > 0) {
      ByteBuffer data = ByteBuffer.allocate(length);
      for (int i = 0; i < length; i++) {
        data.put(i, RecordedEvents.pattern(written + i + 1));
      }
      events.flow().write(data);
      written += length;
    }
  }
}
