package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A listener that asks for more while it is being offered something. */
final class HungryListenerTest implements QuietOwner {
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  private final RecordedFrames frames = new RecordedFrames(false, () -> 0);
  private final HeaderBuilder builder = new HeaderBuilder(false, false);
  private final UserspaceStack stack = WatchedStack.of(StackConfig.defaults(1500, 3), this, frames);
  private final List<TcpFlow> flows = new ArrayList<>();
  private int eachTime;
  private int offers;
  private int taken;
  private int acknowledgment;

  private void segment(int sequence, int flags, int length) {
    builder.ip(0, IpAddress.v4(0xc612_0001), 0, IpAddress.v4(0x0a2b_0709), Wire.TCP);
    builder.tcp(5000, 80, sequence, acknowledgment, flags, 1000);
    ByteBuffer payload = ByteBuffer.allocateDirect(length);
    ByteBuffer head = builder.finishTcp(payload, NOTHING, 1460);
    ByteBuffer frame = ByteBuffer.allocate(head.remaining() + length);
    stack.receive(frame.put(head).put(payload).flip(), 0);
    stack.poll(0);
  }

  private void open() {
    segment(1000, Wire.SYN, 0);
    acknowledgment = frames.next().packet().sequence() + 1;
    segment(1001, Wire.ACK, 0);
  }

  @Test
  void whoTakesNothingAndAsksForMoreIsLeftAlone() {
    open();
    eachTime = 0;
    segment(1001, Wire.ACK, 100);

    assertThat(offers).isBetween(1, 4);
    eachTime = 100;
    flows.getFirst().resume();
    assertThat(taken).isEqualTo(100);
    stack.close();
  }

  @Test
  void whoTakesLittleAndAsksForMoreGetsItAll() {
    open();
    eachTime = 7;
    segment(1001, Wire.ACK, 100);

    assertThat(taken).isEqualTo(100);
    stack.close();
  }

  @Override
  public int received(ByteBuffer data) {
    if (++offers > 100) {
      throw new AssertionError("offered for ever");
    }
    flows.getFirst().resume();
    int size = Math.min(eachTime, data.remaining());
    taken += size;
    return size;
  }

  @Override
  public void requested(TcpFlow flow) {
    flows.add(flow);
    flow.accept(this);
  }
}
