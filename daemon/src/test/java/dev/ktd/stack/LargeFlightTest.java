package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Packet;
import dev.ktd.packet.ParseResult;
import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Loss in a flight of 8 MiB, which is what a program's kernel lets a fast flow send. */
final class LargeFlightTest implements FrameSink {
  private static final int FLIGHT = 8 << 20;
  private static final int SEGMENT = 1460;
  private static final int SCALE = 8;
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  private final RecordedEvents events = new RecordedEvents();
  private final HeaderBuilder builder = new HeaderBuilder(true, true);
  private final Packet packet = new Packet();
  private final UserspaceStack stack =
      new UserspaceStack(
          StackConfig.defaults(1500, 3)
              .with(StackConfig.Offloads.ALL)
              .with(new StackConfig.Buffers(1 << 20, FLIGHT, 64 << 20)),
          events,
          this);
  private int initial;
  private long sent;

  /** The segments that the program's kernel has got. */
  private final BitSet got = new BitSet();

  @Override
  public boolean send(ByteBuffer headers, ByteBuffer payload, ByteBuffer more) {
    ByteBuffer frame =
        ByteBuffer.allocate(headers.remaining() + payload.remaining() + more.remaining());
    frame.put(headers).put(payload).put(more).flip();
    assertThat(packet.parse(frame, true)).isEqualTo(ParseResult.OK);
    if (packet.has(Wire.SYN)) {
      initial = packet.sequence();
    }
    sent += packet.payloadLength();
    int from = packet.sequence() - initial - 1;
    got.set(from / SEGMENT, Math.ceilDiv(from + packet.payloadLength(), SEGMENT));
    return true;
  }

  /** An ACK of all before {@code acked}, with SACK blocks given as pairs of positions. */
  private void acknowledge(long acked, long... blocks) {
    builder.ip(0, IpAddress.v4(0xc612_0001), 0, IpAddress.v4(0x0a2b_0709), Wire.TCP);
    builder.tcp(40_000, 80, 1001, initial + 1 + (int) acked, Wire.ACK, (FLIGHT >> SCALE) - 1);
    if (blocks.length > 0) {
      builder.sack(blocks.length / 2);
    }
    for (int i = 0; i < blocks.length; i += 2) {
      builder.sackBlock(initial + 1 + (int) blocks[i], initial + 1 + (int) blocks[i + 1]);
    }
    receive();
  }

  private void receive() {
    ByteBuffer head = builder.finishTcp(NOTHING, NOTHING, SEGMENT);
    stack.receive(ByteBuffer.allocate(head.remaining()).put(head).flip(), 0);
    stack.poll(0);
  }

  private void fill() {
    builder.ip(0, IpAddress.v4(0xc612_0001), 0, IpAddress.v4(0x0a2b_0709), Wire.TCP);
    builder.tcp(40_000, 80, 1000, 0, Wire.SYN, 64_240);
    builder.maximumSegmentSize(SEGMENT);
    builder.windowScale(SCALE);
    builder.sackPermitted();
    receive();
    events.flow().accept(events);
    stack.poll(0);
    acknowledge(0);
    events.flow().write(ByteBuffer.allocate(events.flow().writable()));
    stack.poll(0);
    assertThat(sent).isGreaterThan(FLIGHT - (128 << 10));
  }

  @Test
  void oneHoleIsAllThatIsSentAgain() {
    fill();
    long flight = sent;
    sent = 0;

    for (long end = 20L * SEGMENT; end < flight; end += 10L * SEGMENT) {
      acknowledge(0, 10L * SEGMENT, end);
    }

    assertThat(sent).isEqualTo(10L * SEGMENT);
    acknowledge(flight);
    events.flow().abort();
  }

  @Test
  void aThousandHolesAreSentAgainWithoutATimeOut() {
    fill();
    long flight = sent;
    sent = 0;
    long segments = flight / SEGMENT;
    // Every fifth segment is lost; the kernel tells of the last three ranges.
    long range = 5L * SEGMENT;
    for (int i = 0; i < segments; i += 5) {
      got.clear(i);
    }
    for (long i = 2; i < segments / 5; i++) {
      acknowledge(
          0,
          i * range + SEGMENT,
          (i + 1) * range,
          (i - 1) * range + SEGMENT,
          i * range,
          (i - 2) * range + SEGMENT,
          (i - 1) * range);
    }
    // The scoreboard has room for some of them; the others are found as the ACK moves on.
    assertThat(sent).isBetween(100L * SEGMENT, segments / 5 * SEGMENT);
    assertThat(sent % SEGMENT).isZero();
    long most = 2 * segments; // No time passes here: without progress it would never end.
    for (int next = got.nextClearBit(0); next < segments; next = got.nextClearBit(next)) {
      assertThat(most--).as("ACKs, where segment %d is missing", next).isPositive();
      int from = got.nextSetBit(next);
      acknowledge(
          (long) next * SEGMENT, (long) from * SEGMENT, (long) got.nextClearBit(from) * SEGMENT);
    }
    assertThat(sent).as("hardly more than what was lost").isLessThan(segments / 4 * SEGMENT);
    acknowledge(flight);
    assertThat(events.flow().writable()).isGreaterThan(FLIGHT - SEGMENT);
  }

  @Test
  void forgedBlocksNeitherSendNorGrowAnythingWithoutBound() {
    fill();
    long flight = sent;
    SplittableRandom random = new SplittableRandom(7);
    sent = 0;
    for (int i = 0; i < 100_000; i++) {
      long[] blocks = new long[8];
      for (int edge = 0; edge < 8; edge++) {
        blocks[edge] = random.nextLong(-FLIGHT, 2 * flight);
      }
      acknowledge(0, blocks);
    }
    assertThat(sent).as("each byte at most once").isLessThanOrEqualTo(flight);
    assertThat(stack.counters().get("tcp.sack-blocks-ignored")).isGreaterThan(100_000);
    sent = 0;
    acknowledge(flight);
    assertThat(sent).as("no more than what had no window").isLessThanOrEqualTo(FLIGHT - flight);
    assertThat(stack.counters()).containsEntry("buffers.bytes", 65_536L);
  }
}
