package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Packet;
import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A program that writes a few bytes at a time to an owner that has stopped to take them. */
final class SmallWritesTest {
  /** Needs a window scale of 2, so that a window field counts in steps of 4 bytes. */
  private static final int CAPACITY = 128 * 1024;

  private static final int SCALE = 2;
  private static final int WRITE = 3;
  private static final int INITIAL = 1000;
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  private final RecordedEvents events = new RecordedEvents();
  private final RecordedFrames frames = new RecordedFrames(false, () -> 0);
  private final HeaderBuilder builder = new HeaderBuilder(false, false);
  private final ByteBuffer payload = ByteBuffer.allocateDirect(WRITE);
  private final UserspaceStack stack =
      WatchedStack.of(
          StackConfig.defaults(1500, 3).with(new StackConfig.Buffers(CAPACITY, 4096, 1 << 20)),
          events,
          frames);
  private int acknowledgment;
  private long edge;

  private void segment(long position, int length, int flags) {
    payload.clear();
    for (int i = 0; i < length; i++) {
      payload.put(RecordedEvents.pattern(position + i + 1));
    }
    payload.flip();
    builder.ip(0, IpAddress.v4(0xc612_0001), 0, IpAddress.v4(0x0a2b_0709), Wire.TCP);
    int sequence = INITIAL + (int) position + ((flags & Wire.SYN) != 0 ? 0 : 1);
    builder.tcp(40_000, 80, sequence, acknowledgment, flags, 1000);
    if ((flags & Wire.SYN) != 0) {
      builder.windowScale(0);
    }
    ByteBuffer head = builder.finishTcp(payload, NOTHING, 1460);
    stack.receive(ByteBuffer.allocate(head.remaining() + length).put(head).put(payload).flip(), 0);
    stack.poll(0);
    while (!frames.isEmpty()) {
      answered(frames.next().packet());
    }
  }

  private void answered(Packet answer) {
    if (answer.has(Wire.SYN)) {
      acknowledgment = answer.sequence() + 1;
    } else {
      long acked = (long) answer.acknowledgment() - (INITIAL + 1);
      edge = acked + ((long) answer.window() << SCALE);
    }
  }

  @AfterEach
  void everythingIsGivenBack() {
    stack.close();
  }

  @Test
  void aStoppedOwnerIsSentNoMoreThanItsBufferHolds() {
    events.appetite(0);
    segment(0, 0, Wire.SYN);
    events.flow().accept(events);
    stack.poll(0);
    answered(frames.next().packet());
    segment(0, 0, Wire.ACK);

    long sent = 0;
    while (edge - sent >= WRITE && sent < 4L * CAPACITY) {
      segment(sent, WRITE, Wire.ACK);
      sent += WRITE;
    }
    assertThat(sent).isBetween(CAPACITY - 8L, (long) CAPACITY);

    events.appetite(Long.MAX_VALUE);
    events.flow().resume();
    stack.poll(0);
    assertThat(events.taken()).isEqualTo(sent);
    answered(frames.next().packet());
    assertThat(edge).isGreaterThan(sent + CAPACITY - 8);
  }
}
