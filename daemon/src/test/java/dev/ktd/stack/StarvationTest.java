package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Many flows, and what one of them must not do to the others. */
final class StarvationTest implements QuietOwner {
  private static final int BUDGET = 1 << 20;
  private static final int SEND_BUFFER = 128 * 1024;
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  private final List<TcpFlow> flows = new ArrayList<>();
  private final List<String> events = new ArrayList<>();
  private final RecordedFrames frames = new RecordedFrames(false, () -> 0);
  private final HeaderBuilder builder = new HeaderBuilder(false, false);
  private final UserspaceStack stack =
      WatchedStack.of(
          StackConfig.defaults(1500, 3).with(new StackConfig.Buffers(2048, SEND_BUFFER, BUDGET)),
          this,
          frames);

  @Override
  public void requested(TcpFlow flow) {
    flows.add(flow);
  }

  @Override
  public void cancelled(TcpFlow flow) {
    events.add("cancelled " + flow.key().source().getPort());
    throw new IllegalStateException("thrown by the owner");
  }

  @AfterEach
  void everythingIsGivenBack() {
    stack.close();
  }

  private void segment(int port, int sequence, int acknowledgment, int flags) {
    builder.ip(0, IpAddress.v4(0xc612_0001), 0, IpAddress.v4(0x0a2b_0709), Wire.TCP);
    builder.tcp(port, 80, sequence, acknowledgment, flags, 1000);
    ByteBuffer head = builder.finishTcp(NOTHING, NOTHING, 1460);
    stack.receive(ByteBuffer.allocate(head.remaining()).put(head).flip(), 0);
  }

  /** A connection whose program reads nothing. */
  private TcpFlow open(int port) {
    segment(port, 1000, 0, Wire.SYN);
    TcpFlow flow = flows.getLast();
    flow.accept(new Noted(port));
    stack.poll(0);
    segment(port, 1001, frames.next().packet().sequence() + 1, Wire.ACK);
    stack.poll(0);
    return flow;
  }

  private void fill(TcpFlow flow) {
    flow.write(ByteBuffer.allocate(flow.writable()));
    stack.poll(0);
  }

  @Test
  void moreThanAQuarterOfTheBudgetAgainIsNeverHeldForPrograms() {
    List<TcpFlow> open = new ArrayList<>();
    for (int port = 1; port <= 16; port++) {
      open.add(open(port));
    }
    for (TcpFlow flow : open.subList(0, 10)) {
      fill(flow);
    }
    assertThat(stack.counters()).containsEntry("buffers.bytes", BUDGET + BUDGET / 4L);
    assertThat(events).isEmpty();

    TcpFlow eleventh = open.get(10);
    assertThat(eleventh.writable()).as("nothing is promised that cannot be kept").isZero();
    open.getFirst().abort();
    assertThat(eleventh.writable()).isEqualTo(SEND_BUFFER);
    eleventh.write(ByteBuffer.allocate(1));
    assertThat(open.get(11).writable()).as("the other half").isEqualTo(SEND_BUFFER / 2);
    stack.poll(0);
    assertThat(events).isEmpty();
    assertThat(stack.tcpFlows()).isEqualTo(15);
  }

  @Test
  void anOwnerThatThrowsDoesNotHoldUpTheOthers() {
    TcpFlow flow = open(1);
    segment(2, 1000, 0, Wire.SYN);
    flow.write(ByteBuffer.allocate(1));
    long pendingIsOver = 75_000_000_000L;

    assertThatIllegalStateException().isThrownBy(() -> stack.poll(pendingIsOver));

    assertThat(events).containsExactly("cancelled 2");
    assertThat(stack.nextDeadline()).isLessThanOrEqualTo(pendingIsOver);
    stack.poll(pendingIsOver);
    assertThat(frames.next().packet().payloadLength()).isEqualTo(1);
    assertThat(stack.nextDeadline()).isGreaterThan(pendingIsOver);
  }

  private final class Noted implements QuietOwner {
    private final int port;

    Noted(int port) {
      this.port = port;
    }

    @Override
    public void aborted() {
      events.add("aborted " + port);
    }
  }
}
