package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A listener that throws, or ends its flow, when it is told something: no connection may stay. */
final class ThrowingListenerTest implements FlowHandler, TcpFlow.Listener {
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);
  private static final int FIN_ACK = Wire.FIN | Wire.ACK;

  private long now;
  private final RecordedFrames frames = new RecordedFrames(false, () -> now);
  private final HeaderBuilder builder = new HeaderBuilder(false, false);
  private final UserspaceStack stack =
      new UserspaceStack(StackConfig.defaults(1500, 3), this, frames);
  private final List<TcpFlow> flows = new ArrayList<>();
  private final List<String> told = new ArrayList<>();
  private String throwsAt = "";
  private String abortsAt = "";
  private int initial;

  /** Sends a segment of the program; {@code acknowledged} counts from our SYN. */
  private void segment(int sequence, int flags, int acknowledged, int length) {
    builder.ip(0, IpAddress.v4(0xc612_0001), 0, IpAddress.v4(0x0a2b_0709), Wire.TCP);
    builder.tcp(5000, 80, 1000 + sequence, initial + acknowledged, flags, 1000);
    ByteBuffer payload = ByteBuffer.allocateDirect(length);
    ByteBuffer head = builder.finishTcp(payload, NOTHING, 1460);
    ByteBuffer frame = ByteBuffer.allocate(head.remaining() + length);
    stack.receive(frame.put(head).put(payload).flip(), now);
    stack.poll(now);
  }

  private void open() {
    segment(0, Wire.SYN, 0, 0);
    initial = frames.next().packet().sequence();
    segment(1, Wire.ACK, 1, 0);
  }

  private void write() {
    flows.getFirst().write(ByteBuffer.allocate(10));
    flows.getFirst().shutdownOutput();
    stack.poll(now);
  }

  private void pass(long seconds) {
    long end = now + seconds * RoundTrip.SECOND;
    while (stack.nextDeadline() <= end) {
      now = Math.max(now, stack.nextDeadline());
      stack.poll(now);
    }
    now = end;
  }

  private void allIsGone() {
    assertThat(stack.counters())
        .containsEntry("tcp.flows", 0L)
        .containsEntry("tcp.time-wait", 0L)
        .containsEntry("buffers.bytes", 0L);
    assertThat(told.getLast()).isEqualTo("closed");
    assertThat(told.stream().filter("closed"::equals)).hasSize(1);
  }

  @Test
  void throwingAtTheEndOfTheOtherDirectionKeepsNothing() {
    open();
    write();
    segment(1, Wire.ACK, 12, 0);
    throwsAt = "end";
    assertThatThrownBy(() -> segment(1, FIN_ACK, 12, 0)).hasMessage("end");
    pass(5);
    allIsGone();
  }

  @Test
  void throwingAtTheFirstEndLeavesTheConnectionHalfClosed() {
    open();
    throwsAt = "end";
    assertThatThrownBy(() -> segment(1, FIN_ACK, 1, 0)).hasMessage("end");
    throwsAt = "";
    write();
    segment(2, Wire.ACK, 12, 0);
    allIsGone();
  }

  @Test
  void throwingAtTheLastAcknowledgmentKeepsNothing() {
    open();
    segment(1, FIN_ACK, 1, 0);
    write();
    throwsAt = "acknowledged";
    assertThatThrownBy(() -> segment(2, Wire.ACK, 12, 0)).hasMessage("acknowledged");
    allIsGone();
  }

  @Test
  void throwingWhenClosedKeepsNothing() {
    open();
    segment(1, FIN_ACK, 1, 0);
    write();
    throwsAt = "closed";
    assertThatThrownBy(() -> segment(2, Wire.ACK, 12, 0)).hasMessage("closed");
    allIsGone();
  }

  @Test
  void whoAbortsWhenClosedSendsNoReset() {
    open();
    segment(1, FIN_ACK, 1, 0);
    write();
    abortsAt = "closed";
    segment(2, Wire.ACK, 12, 0);
    allIsGone();
    assertThat(stack.counters()).containsEntry(Counter.TCP_RESETS_OUT.label(), 0L);
  }

  private void heard(String what) {
    told.add(what);
    if (what.equals(abortsAt)) {
      flows.getFirst().abort();
    }
    if (what.equals(throwsAt)) {
      throw new IllegalStateException(what);
    }
  }

  @Override
  public int received(ByteBuffer data) {
    heard("received");
    return data.remaining();
  }

  @Override
  public void receivedEnd() {
    heard("end");
  }

  @Override
  public void acknowledged(int bytes) {
    heard("acknowledged");
  }

  @Override
  public void aborted() {
    heard("aborted");
  }

  @Override
  public void closed() {
    heard("closed");
  }

  @Override
  public void requested(TcpFlow flow) {
    flows.add(flow);
    flow.accept(this);
  }

  @Override
  public void cancelled(TcpFlow flow) {}

  @Override
  public void datagram(UdpFlow flow, ByteBuffer payload) {}

  @Override
  public void expired(UdpFlow flow) {}

  @Override
  public void echo(Echo echo, ByteBuffer payload) {}
}
