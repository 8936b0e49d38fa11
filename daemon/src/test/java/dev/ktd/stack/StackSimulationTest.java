package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A stack and a tiny TCP on both ends of a bad path, with simulated time. What a seed does is the
 * same in every run; {@code -Dktd.seed=N} runs one more.
 */
final class StackSimulationTest {
  private static final long LONGEST = 3_600_000_000_000L;

  static LongStream seeds() {
    Long own = Long.getLong("ktd.seed");
    LongStream usual = LongStream.rangeClosed(1, 40);
    return own == null ? usual : LongStream.of(own);
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void everyByteArrivesInBothDirectionsAndNothingIsLeft(long seed) {
    new Run(seed).run();
  }

  /** One connection over one path. */
  private static final class Run {
    private final SplittableRandom random;
    private final RecordedEvents events = new RecordedEvents();
    private final UserspaceStack stack;
    private final TinyPeer peer;
    private final LossyLink toStack;
    private final LossyLink toPeer;
    private final long upload;
    private final long download;
    private long written;
    private boolean requested;
    private boolean shut;
    private long now = 1_000_000_000L;

    Run(long seed) {
      random = new SplittableRandom(seed);
      double trouble = random.nextInt(4) * 0.03;
      boolean offload = random.nextBoolean();
      upload = random.nextInt(400_000);
      download = random.nextInt(400_000);
      toStack = new LossyLink(random.split(), trouble);
      toPeer = new LossyLink(random.split(), trouble);
      // The peer reads window fields with a shift of 5, which is that of 1 MiB.
      StackConfig config =
          StackConfig.defaults(1500, seed)
              .with(new StackConfig.Offloads(offload, offload, offload, false))
              .with(new StackConfig.Buffers(1 << 20, 4096 + random.nextInt(200_000), 4 << 20));
      stack = new UserspaceStack(config, events, this::sent);
      peer = new TinyPeer(offload, random.nextInt(), upload, frame -> toStack.send(frame, now));
    }

    private boolean sent(ByteBuffer headers, ByteBuffer payload, ByteBuffer more) {
      ByteBuffer frame =
          ByteBuffer.allocate(headers.remaining() + payload.remaining() + more.remaining());
      toPeer.send(frame.put(headers).put(payload).put(more).flip(), now);
      return true;
    }

    void run() {
      peer.connect(now);
      long end = now + LONGEST;
      while (now < end && !over()) {
        now = Math.min(Math.min(toStack.nextAt(), toPeer.nextAt()), deadline());
        while (toStack.nextAt() <= now) {
          stack.receive(toStack.next(), now);
          own();
        }
        stack.poll(now);
        while (toPeer.nextAt() <= now) {
          peer.frame(toPeer.next(), now);
        }
        peer.due(now);
      }
      assertThat(peer.reset()).as("reset").isFalse();
      assertThat(peer.received()).as("bytes down").isEqualTo(download);
      assertThat(events.taken()).as("bytes up").isEqualTo(upload);
      assertThat(events.events()).contains("requested", "end", "closed").doesNotContain("aborted");
      assertThat(stack.tcpFlows()).as("flows").isZero();
      assertThat(stack.counters()).containsEntry("buffers.bytes", 0L);
      assertThat(stack.counters()).containsEntry("tcp.time-wait", 0L);
      assertThat(stack.nextDeadline()).as("timers").isEqualTo(Long.MAX_VALUE);
    }

    /** Nobody has anything to do any more. */
    private boolean over() {
      return Math.min(Math.min(toStack.nextAt(), toPeer.nextAt()), deadline()) == Long.MAX_VALUE;
    }

    private long deadline() {
      return Math.min(peer.deadline(), stack.nextDeadline());
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
      if (random.nextInt(10) == 0) {
        events.appetite(random.nextInt(20_000));
      } else {
        events.appetite(Long.MAX_VALUE);
        events.flow().resume();
      }
      int length = (int) Math.min(events.flow().writable(), download - written);
      if (length > 0) {
        ByteBuffer data = ByteBuffer.allocate(length);
        for (int i = 0; i < length; i++) {
          data.put(RecordedEvents.pattern(written + i + 1));
        }
        events.flow().write(data.flip());
        written += length;
      }
      if (written == download && !shut) {
        shut = true;
        events.flow().shutdownOutput();
      }
    }
  }
}
