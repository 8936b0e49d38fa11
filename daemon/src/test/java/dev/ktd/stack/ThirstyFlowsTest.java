package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Packet;
import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Windows that are closed because others have all the memory, and what opens them again. */
final class ThirstyFlowsTest implements QuietOwner {
  private static final int BUDGET = 1 << 20;
  private static final int WINDOW = 65_535;
  private static final int HOARDER = 1;

  /** Of programs whose owners read nothing; each has one chunk of the quarter kept for programs. */
  private static final int FIRST_UNREAD = 5;

  private static final int LAST_UNREAD = 8;
  private static final long MILLISECOND = 1_000_000;
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  private final List<TcpFlow> flows = new ArrayList<>();
  private final RecordedFrames frames = new RecordedFrames(false, () -> 0);
  private final HeaderBuilder builder = new HeaderBuilder(false, false);
  private final UserspaceStack stack =
      WatchedStack.of(
          StackConfig.defaults(1500, 3).with(new StackConfig.Buffers(1 << 16, BUDGET, BUDGET)),
          this,
          frames);
  private final int[] initial = new int[10];
  private boolean reading = true;
  private long now;

  private void segment(int port, int sequence, int acked, int flags, int length) {
    builder.ip(0, IpAddress.v4(0xc612_0001), 0, IpAddress.v4(0x0a2b_0709), Wire.TCP);
    int acknowledgment = initial[port] + 1 + acked;
    builder.tcp(port, 80, sequence, acknowledgment, flags, 1000);
    if ((flags & Wire.SYN) != 0) {
      builder.windowScale(7);
    }
    ByteBuffer payload = ByteBuffer.allocateDirect(length);
    ByteBuffer head = builder.finishTcp(payload, NOTHING, WINDOW);
    ByteBuffer frame = ByteBuffer.allocate(head.remaining() + length);
    stack.receive(frame.put(head).put(payload).flip(), now);
    stack.poll(now);
  }

  private TcpFlow open(int port) {
    segment(port, 1000, 0, Wire.SYN, 0);
    initial[port] = frames.next().packet().sequence();
    segment(port, 1001, 0, Wire.ACK, 0);
    return flows.getLast();
  }

  /** The program sends as much as it may. */
  private void exhaust(int port) {
    segment(port, 1001, 0, Wire.ACK, WINDOW - 32_768);
    segment(port, 1001 + WINDOW - 32_768, 0, Wire.ACK, 32_768);
  }

  private void hoard() {
    TcpFlow hoarder = open(HOARDER);
    for (int port = 2; port <= LAST_UNREAD; port++) {
      open(port);
    }
    hoarder.write(ByteBuffer.allocate(BUDGET));
    stack.poll(now);
    reading = false;
    for (int port = FIRST_UNREAD; port <= LAST_UNREAD; port++) {
      exhaust(port);
    }
    reading = true;
    drop();
  }

  private void drop() {
    while (!frames.isEmpty()) {
      frames.next();
    }
  }

  /** Ports of the programs that were told of a window now. */
  private List<Integer> told() {
    List<Integer> ports = new ArrayList<>();
    while (!frames.isEmpty()) {
      Packet packet = frames.next().packet();
      if (packet.payloadLength() == 0) {
        assertThat(packet.window()).isPositive();
        ports.add(packet.destinationPort());
      }
    }
    return ports;
  }

  @Test
  void oneFlowForEachChunkThatComesBackIsToldOfItsWindow() {
    hoard();
    for (int port = 2; port <= 4; port++) {
      exhaust(port);
      assertThat(frames.next().packet().window()).as("of the first half").isPositive();
      assertThat(frames.next().packet().window()).as("of all").isZero();
    }
    assertThat(stack.nextDeadline()).isGreaterThan(now + 100 * MILLISECOND);

    segment(FIRST_UNREAD, 1001 + WINDOW, 0, Wire.RST, 0);
    assertThat(told()).containsExactly(2);
    // The memory is not used yet: the next one in turn may have it.
    assertThat(stack.nextDeadline()).isEqualTo(now + MILLISECOND);
    now += MILLISECOND;
    stack.poll(now);
    assertThat(told()).containsExactly(3);
    now += MILLISECOND;
    stack.poll(now);
    assertThat(told()).containsExactly(4);
    assertThat(stack.nextDeadline()).isGreaterThan(now + 100 * MILLISECOND);
    stack.close();
  }

  @Test
  void aFlowThatEndsMeanwhileIsForgotten() {
    hoard();
    for (int port = 2; port <= 4; port++) {
      exhaust(port);
    }
    segment(2, 1001 + WINDOW, 0, Wire.RST, 0);
    segment(3, 1001 + WINDOW, 0, Wire.ACK | Wire.FIN, 0);
    drop();

    segment(FIRST_UNREAD, 1001 + WINDOW, 0, Wire.RST, 0);
    assertThat(told()).containsExactly(4);
    stack.close();
  }

  @Override
  public void requested(TcpFlow flow) {
    flows.add(flow);
    flow.accept(this);
  }

  @Override
  public int received(ByteBuffer data) {
    return reading ? data.remaining() : 0;
  }
}
