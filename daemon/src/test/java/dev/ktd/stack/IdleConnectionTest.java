package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Wire;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** What a connection that has nothing to say costs. */
final class IdleConnectionTest implements QuietOwner, FrameSink {
  private static final int FLOWS = 4000;
  private static final int MOST_BYTES = 2048;
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  private final HeaderBuilder builder = new HeaderBuilder(false, false);
  private final ByteBuffer frame = ByteBuffer.allocateDirect(2000);
  private final UserspaceStack stack =
      new UserspaceStack(StackConfig.defaults(1500, 3), this, this);
  private int sequence;
  private long asked;

  private void segment(int port, int acknowledgment, int flags, int length) {
    builder.ip(0, IpAddress.v4(0xc612_0001), 0, IpAddress.v4(0x0a2b_0709), Wire.TCP);
    builder.tcp(port, 80, (flags & Wire.SYN) != 0 ? 999 : 1000, acknowledgment, flags, 1000);
    if ((flags & Wire.SYN) != 0) {
      builder.sackPermitted();
      builder.windowScale(7);
    }
    frame.clear();
    ByteBuffer payload = frame.slice(1000, length);
    ByteBuffer head = builder.finishTcp(payload, NOTHING, 1460);
    frame.put(head).put(payload).flip();
    stack.receive(frame, 0);
    stack.poll(0);
  }

  private void open(int port) {
    segment(port, 0, Wire.SYN, 0);
    segment(port, sequence + 1, Wire.ACK, 0);
  }

  @Test
  void anIdleConnectionCostsLessThanTwoKibibytes() {
    var thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    for (int port = 1; port <= 100; port++) {
      open(port);
    }
    long before = thread.getCurrentThreadAllocatedBytes();
    for (int port = 101; port <= 100 + FLOWS; port++) {
      open(port);
    }
    long each = (thread.getCurrentThreadAllocatedBytes() - before) / FLOWS;

    assertThat(stack.tcpFlows()).isEqualTo(100 + FLOWS);
    // All that was allocated, kept or not: more than what is kept, and the same in each run.
    assertThat(each).isLessThan(MOST_BYTES);
    assertThat(stack.counters()).containsEntry("buffers.bytes", 0L);
  }

  @Test
  void tenThousandIdleConnectionsAskForNothingForTwoHours() {
    for (int port = 1; port <= 10_000; port++) {
      open(port);
    }

    long twoHours = 7_200_000_000_000L;
    assertThat(stack.nextDeadline()).isLessThanOrEqualTo(twoHours);
    long polls = 0;
    for (long due = stack.nextDeadline(); due < twoHours; due = stack.nextDeadline()) {
      stack.poll(due);
      polls++;
    }
    assertThat(polls).isLessThan(10);
    asked = 0;
    stack.poll(twoHours);
    assertThat(asked).as("keep-alives").isEqualTo(10_000);
    stack.close();
  }

  @Override
  public boolean send(ByteBuffer headers, ByteBuffer payload, ByteBuffer more) {
    sequence = headers.getInt(Wire.IPV4_HEADER + 4);
    asked++;
    return true;
  }
}
