package dev.ktd.bench;

import static dev.ktd.packet.Wire.*;

import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.stack.FrameSink;
import dev.ktd.stack.Stack;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A local program and its kernel in memory, as cheap as can be: one IPv4 connection at a time, no
 * loss. Frames are made once and only their numbers are changed; payloads are copied in and out, as
 * read(2) and writev(2) on the device would.
 */
public final class MemoryPeer implements FrameSink {
  /** The payload of a super-segment: 44 segments for an MTU of 1500. */
  public static final int PAYLOAD = 44 * 1460;

  private static final int SOURCE = 0xc6120001; // 198.18.0.1
  private static final int DESTINATION = 0x0a2b0709; // 10.43.7.9
  private static final int SCALE = 8;
  private static final int WINDOW_FIELD = (16 * PAYLOAD) >>> SCALE;
  private static final int TCP_AT = VNET_HEADER + IPV4_HEADER;
  private static final int HEADERS = TCP_AT + TCP_HEADER;
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  private final ByteBuffer payload = ByteBuffer.allocateDirect(PAYLOAD);
  private final ByteBuffer arrived = ByteBuffer.allocateDirect(1 << 16);
  private final ByteBuffer syn;
  private final ByteBuffer bare;
  private final ByteBuffer full;
  private @Nullable Stack stack;
  private int port = 1024;
  private int next;
  private int acknowledged;
  private int expected;
  private int lastFlags;
  private long frames;

  MemoryPeer() {
    var builder = new HeaderBuilder(true, true);
    syn = frame(builder, SYN, NOTHING);
    bare = frame(builder, ACK, NOTHING);
    full = frame(builder, ACK, payload);
  }

  private static ByteBuffer frame(HeaderBuilder builder, int flags, ByteBuffer content) {
    builder.ip(0, IpAddress.v4(SOURCE), 0, IpAddress.v4(DESTINATION), TCP);
    builder.tcp(1024, 80, 0, 0, flags, WINDOW_FIELD);
    if (flags == SYN) {
      builder.maximumSegmentSize(1460);
      builder.windowScale(SCALE);
    }
    ByteBuffer headers = builder.finishTcp(content, NOTHING, 1460);
    ByteBuffer made = ByteBuffer.allocateDirect(headers.remaining() + content.remaining());
    return made.put(headers).put(content.duplicate()).flip();
  }

  /** Whom its frames go to. */
  void attach(Stack wanted) {
    this.stack = wanted;
  }

  /** Opens a connection from a port of its own; the stack's owner accepts it during the call. */
  void open(long now) {
    port = port == 0xffff ? 1024 : port + 1;
    next = port << 16;
    give(syn, SYN, now);
    poll(now);
    if (lastFlags != (SYN | ACK)) {
      throw new IllegalStateException("no SYN-ACK but flags " + lastFlags);
    }
    next++;
    acknowledge(expected, now);
  }

  /** Sends a super-segment. */
  void superSegment(long now) {
    full.put(HEADERS, payload, 0, PAYLOAD);
    give(full, ACK, now);
    next += PAYLOAD;
  }

  /** Acknowledges all before {@code position}, a sequence number, and opens the window again. */
  void acknowledge(int position, long now) {
    acknowledged = position;
    give(bare, ACK, now);
  }

  /** Acknowledges as many bytes more as a super-segment has. */
  void acknowledgeOne(long now) {
    acknowledge(acknowledged + PAYLOAD, now);
  }

  void reset(long now) {
    give(bare, RST, now);
  }

  /** Sends FIN; what comes back is acknowledged by {@link #acknowledgeAll}. */
  void finish(long now) {
    give(bare, FIN | ACK, now);
    next++;
  }

  void acknowledgeAll(long now) {
    acknowledge(expected, now);
  }

  void poll(long now) {
    to().poll(now);
  }

  private void give(ByteBuffer frame, int flags, long now) {
    frame.putShort(TCP_AT, (short) port);
    frame.putInt(TCP_AT + 4, next).putInt(TCP_AT + 8, acknowledged);
    frame.put(TCP_AT + 13, (byte) flags);
    to().receive(frame, now);
  }

  private Stack to() {
    if (stack == null) {
      throw new IllegalStateException("no stack is attached");
    }
    return stack;
  }

  /** How many frames came. */
  long frames() {
    return frames;
  }

  /** How many of its own bytes the stack has not acknowledged, or has it all. */
  int unacknowledged() {
    return next - peerAcknowledged;
  }

  private int peerAcknowledged;

  @Override
  public boolean send(ByteBuffer headers, ByteBuffer first, ByteBuffer second) {
    frames++;
    int flags = headers.get(TCP_AT + 13) & 0xff;
    lastFlags = flags;
    peerAcknowledged = headers.getInt(TCP_AT + 8);
    int length = first.remaining() + second.remaining();
    arrived.clear().put(first).put(second);
    expected = headers.getInt(TCP_AT + 4) + length + ((flags & (SYN | FIN)) != 0 ? 1 : 0);
    return true;
  }
}
