package dev.ktd.stack;

import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Packet;
import dev.ktd.packet.ParseResult;
import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/**
 * A local program with the smallest TCP that works: go-back-N, in-order reception only. It sends
 * the pattern of {@link RecordedEvents}, checks that it gets it, and closes when all is sent.
 */
final class TinyPeer {
  private static final long TIMEOUT = 300_000_000L;
  private static final int SEGMENT = 1460;
  private static final int WINDOW = 500;
  private static final int SCALE = 7;
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  private final HeaderBuilder builder;
  private final boolean vnetHeader;
  private final int initial;
  private final long total;
  private final Consumer<ByteBuffer> out;
  private final Packet packet = new Packet();

  /** Relative to our SYN: 0 is the SYN, 1 the first byte, total + 1 the FIN. */
  private long acked;

  private long next;
  private long edge;
  private int remoteInitial;
  private boolean established;
  private long received = 1;
  private boolean endReceived;
  private boolean reset;
  private long deadline = Long.MAX_VALUE;

  TinyPeer(boolean vnetHeader, int initial, long total, Consumer<ByteBuffer> out) {
    this.vnetHeader = vnetHeader;
    this.initial = initial;
    this.total = total;
    this.out = out;
    builder = new HeaderBuilder(vnetHeader, vnetHeader);
  }

  long received() {
    return received - 1;
  }

  boolean reset() {
    return reset;
  }

  /** Everything sent and acknowledged, and the other side's end received. */
  boolean finished() {
    return acked == total + 2 && endReceived;
  }

  long deadline() {
    return deadline;
  }

  void connect(long now) {
    segment(0, 0, Wire.SYN);
    next = 1;
    deadline = now + TIMEOUT;
  }

  void due(long now) {
    if (now < deadline) {
      return;
    }
    next = acked;
    deadline = Long.MAX_VALUE;
    if (established) {
      send(now);
      if (next == acked && acked < total + 2) {
        // The window is closed: probe it with one byte.
        segment(acked, acked <= total ? 1 : 0, Wire.ACK);
        deadline = now + TIMEOUT;
      }
    } else {
      connect(now);
    }
  }

  void frame(ByteBuffer frame, long now) {
    if (packet.parse(frame, vnetHeader) != ParseResult.OK || !packet.checksumHolds()) {
      throw new AssertionError("the stack sent something broken");
    }
    if (packet.has(Wire.RST)) {
      // The stack resets what is delivered late, after the connection.
      reset |= !finished();
      return;
    }
    if (packet.has(Wire.SYN)) {
      remoteInitial = packet.sequence();
      established = true;
      acked = Math.max(acked, 1);
      next = Math.max(next, acked);
      edge = Math.max(edge, 1 + packet.window());
      segment(next, 0, Wire.ACK);
    } else if (established) {
      acknowledged();
      payload();
    }
    send(now);
  }

  private void acknowledged() {
    long ack = acked + (packet.acknowledgment() - initial - (int) acked);
    if (ack > total + 2) {
      throw new AssertionError("the stack acknowledges what was never sent");
    }
    if (ack > acked) {
      acked = ack;
      next = Math.max(next, acked);
      deadline = Long.MAX_VALUE;
    }
    if (ack >= acked) {
      long newEdge = ack + ((long) packet.window() << 5);
      // By less than the unit of the field, as RFC 7323, section 2.4 allows.
      if (newEdge <= edge - 32) {
        throw new AssertionError("the right edge went from %d to %d".formatted(edge, newEdge));
      }
      edge = newEdge;
    }
  }

  private void payload() {
    long sequence = received + (packet.sequence() - remoteInitial - (int) received);
    int length = packet.payloadLength();
    for (long at = Math.max(sequence, received); at < sequence + length; at++) {
      byte actual = packet.buffer().get(packet.payloadOffset() + (int) (at - sequence));
      if (actual != RecordedEvents.pattern(at)) {
        throw new AssertionError("byte " + at + " from the stack is wrong");
      }
    }
    if (sequence <= received && !endReceived) {
      received = Math.max(received, sequence + length);
      endReceived = packet.has(Wire.FIN) && sequence + length == received;
    }
    if (length > 0 || packet.has(Wire.FIN)) {
      segment(next, 0, Wire.ACK);
    }
  }

  private void send(long now) {
    while (next <= total && next < edge) {
      int length = (int) Math.min(Math.min(SEGMENT, total + 1 - next), edge - next);
      segment(next, length, Wire.ACK);
      next += length;
    }
    if (next == total + 1 && next < edge) {
      segment(next, 0, Wire.FIN | Wire.ACK);
      next++;
    }
    if (deadline == Long.MAX_VALUE && acked < total + 2) {
      deadline = now + TIMEOUT;
    }
  }

  private void segment(long sequence, int length, int flags) {
    builder.ip(0, IpAddress.v4(0xc612_0001), 0, IpAddress.v4(0x0a2b_0709), Wire.TCP);
    int ack = remoteInitial + (int) received + (endReceived ? 1 : 0);
    boolean syn = (flags & Wire.SYN) != 0;
    builder.tcp(40_000, 80, initial + (int) sequence, syn ? 0 : ack, flags, WINDOW);
    if (syn) {
      builder.maximumSegmentSize(SEGMENT);
      builder.windowScale(SCALE);
    }
    ByteBuffer payload = ByteBuffer.allocateDirect(length);
    for (int i = 0; i < length; i++) {
      payload.put(RecordedEvents.pattern(sequence + i));
    }
    payload.flip();
    ByteBuffer head = builder.finishTcp(payload, NOTHING, SEGMENT);
    out.accept(ByteBuffer.allocateDirect(head.remaining() + length).put(head).put(payload).flip());
  }
}
