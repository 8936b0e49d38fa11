package dev.ktd.relay;

import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Packet;
import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A local program and its kernel, with the smallest TCP that works where nothing is lost. Byte n of
 * a stream is {@link #pattern}; what comes is checked against it.
 */
final class Program {
  /** The kernel's receive buffer. */
  static final int BUFFER = 64 * 1024;

  private static final int SEGMENT = 1460;
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  final int ownPort;
  private final MemoryPath path;
  private final int destination;
  private final int port;
  private final HeaderBuilder builder = new HeaderBuilder(false, false);
  private FakeFarSide.@Nullable Stream far;
  private int remoteInitial;
  private int scale;
  private long acked;
  private long next;
  private long edge;
  private long toSend;
  private long received;
  private long read;
  private long answers;
  private boolean stopped;
  private boolean established;
  private boolean reset;
  private boolean endReceived;

  Program(MemoryPath path, int destination, int port, int ownPort) {
    this.path = path;
    this.destination = destination;
    this.port = port;
    this.ownPort = ownPort;
  }

  static byte pattern(long position) {
    return (byte) (position * 31 + (position >>> 8) * 7 + (position >>> 16) * 13);
  }

  static ByteBuffer bytes(long position, int length) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(length);
    for (int i = 0; i < length; i++) {
      bytes.put(pattern(position + i));
    }
    return bytes.flip();
  }

  /** A SYN, or its repetition. */
  void connect() {
    int before = path.farSide.streams.size();
    segment(Wire.SYN, -1, 0);
    if (path.farSide.streams.size() > before) {
      far = path.farSide.stream();
    }
  }

  /** The same port connects anew, with another initial sequence number. */
  void connectAnew() {
    remoteInitial = 0;
    segment(Wire.SYN, 1_000_000, 0);
  }

  /** Resets the connection, pending or open. */
  void reset() {
    segment(established ? Wire.RST | Wire.ACK : Wire.RST, next, 0);
    path.forget(this);
  }

  FakeFarSide.Stream far() {
    if (far == null) {
      throw new AssertionError("the far side was not asked");
    }
    return far;
  }

  /** Whether the far side was asked. */
  boolean dialled() {
    return far != null;
  }

  boolean isEstablished() {
    return established;
  }

  boolean wasReset() {
    return reset;
  }

  /** What it has read. */
  long read() {
    return read;
  }

  /** What its kernel took, read or not. */
  long received() {
    return received;
  }

  boolean sawEnd() {
    return endReceived && read == received;
  }

  /** Bytes that it sent and that were acknowledged. */
  long acknowledged() {
    return acked;
  }

  /** Sends so many bytes more, as the window allows. */
  void send(long bytes) {
    toSend += bytes;
    sendAllowed();
  }

  /** SIGSTOP: its kernel takes what fits into the buffer, and nobody reads it. */
  void stop() {
    stopped = true;
  }

  /** SIGCONT. */
  void resume() {
    stopped = false;
    read = received;
    segment(Wire.ACK, next, 0);
  }

  /** What the kernel's persist timer sends: one before what is next, to be answered for sure. */
  void probe() {
    segment(Wire.ACK, next - 1, 0);
  }

  /** What was not acknowledged is sent again, as after a time-out. */
  void retransmit() {
    next = acked;
    sendAllowed();
    if (next == acked && acked < toSend) {
      probe();
    }
  }

  /** Segments that came. */
  long answers() {
    return answers;
  }

  long windowLeft() {
    return edge - next;
  }

  void frame(Packet packet) {
    answers++;
    if (packet.has(Wire.RST)) {
      reset = true;
      return;
    }
    if (packet.has(Wire.SYN)) {
      established = true;
      remoteInitial = packet.sequence();
      scale = Math.max(0, packet.options().windowScale());
      edge = packet.window();
      segment(Wire.ACK, next, 0);
      sendAllowed();
      return;
    }
    long ack = acked + (packet.acknowledgment() - 1 - (int) acked);
    if (ack >= acked) {
      acked = ack;
      edge = ack + ((long) packet.window() << scale);
    }
    payload(packet);
    sendAllowed();
  }

  private void payload(Packet packet) {
    int length = packet.payloadLength();
    long start = received + (packet.sequence() - remoteInitial - 1 - (int) received);
    if (length > 0 && start <= received) {
      long room = BUFFER - (received - read);
      long end = Math.min(start + length, received + room);
      for (long at = received; at < end; at++) {
        if (packet.buffer().get(packet.payloadOffset() + (int) (at - start)) != pattern(at)) {
          throw new AssertionError("byte %d is wrong".formatted(at));
        }
      }
      received = Math.max(received, end);
    }
    if (packet.has(Wire.FIN) && start + length == received) {
      endReceived = true;
    }
    if (!stopped) {
      read = received;
    }
    if (length > 0 || packet.has(Wire.FIN) || start < received) {
      segment(Wire.ACK, next, 0);
    }
  }

  private void sendAllowed() {
    while (established && next < Math.min(toSend, edge)) {
      int length = (int) Math.min(SEGMENT, Math.min(toSend, edge) - next);
      long at = next;
      next += length;
      segment(Wire.ACK, at, length);
    }
  }

  private void segment(int flags, long position, int length) {
    builder.ip(0, IpAddress.v4(0xc612_0001), 0, IpAddress.v4(destination), Wire.TCP);
    boolean syn = (flags & Wire.SYN) != 0;
    int ack =
        (flags & Wire.ACK) == 0 ? 0 : remoteInitial + 1 + (int) received + (endReceived ? 1 : 0);
    // The initial sequence number is 0, and byte n has number n + 1.
    int window = syn ? 0xffff : (int) Math.min(0xffff, BUFFER - (received - read));
    builder.tcp(ownPort, port, (int) position + 1, ack, flags, window);
    if (syn) {
      builder.maximumSegmentSize(SEGMENT);
      builder.windowScale(0);
    }
    ByteBuffer payload = bytes(position, length);
    ByteBuffer head = builder.finishTcp(payload, NOTHING, SEGMENT);
    path.receive(ByteBuffer.allocate(head.remaining() + length).put(head).put(payload).flip());
  }
}
