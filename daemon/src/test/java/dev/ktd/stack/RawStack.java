package dev.ktd.stack;

import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Wire;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * A stack on a bare device, and hands to make frames for it. The program's addresses come first.
 */
final class RawStack {
  static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);
  static final String PROGRAM = "198.18.0.1";
  static final String POD = "10.43.7.9";
  static final String PROGRAM_6 = "fd6b:7464::1";
  static final String POD_6 = "fd43::10";

  final RecordedFrames frames;
  final RecordedEvents events = new RecordedEvents();
  final UserspaceStack stack;
  private final HeaderBuilder builder = new HeaderBuilder(false, false);
  long now;

  RawStack() {
    this(StackConfig.defaults(1500, 3));
  }

  RawStack(StackConfig config) {
    frames = new RecordedFrames(config.offloads().vnetHeader(), () -> now);
    stack = new UserspaceStack(config, events, frames);
  }

  void receive(ByteBuffer frame) {
    stack.receive(frame, now);
  }

  void poll() {
    stack.poll(now);
  }

  long counter(String name) {
    return Objects.requireNonNull(stack.counters().get(name), name);
  }

  /** Starts a packet; {@link HeaderBuilder#finish} and its sisters end it. */
  HeaderBuilder ip(String from, String to, int protocol) {
    InetAddress source = InetAddress.ofLiteral(from);
    InetAddress target = InetAddress.ofLiteral(to);
    builder.ip(
        IpAddress.high(source),
        IpAddress.low(source),
        IpAddress.high(target),
        IpAddress.low(target),
        protocol);
    return builder;
  }

  ByteBuffer datagram(String from, int fromPort, String to, int toPort, ByteBuffer payload) {
    ip(from, to, Wire.UDP).udp(fromPort, toPort);
    return whole(builder.finishUdp(payload, NOTHING), payload);
  }

  ByteBuffer datagram(ByteBuffer payload) {
    return datagram(PROGRAM, 5000, POD, 53, payload);
  }

  /** A piece of a packet; {@code bytes} start with the transport header in the first one. */
  ByteBuffer fragment(
      boolean v6, int protocol, int id, int offset, boolean more, ByteBuffer bytes) {
    ip(v6 ? PROGRAM_6 : PROGRAM, v6 ? POD_6 : POD, protocol).fragment(id, offset, more);
    return whole(builder.finish(bytes.remaining()), bytes);
  }

  /** An ICMP error of {@code from} to {@code to}, about {@code packet}, quoted up to 68 bytes. */
  ByteBuffer icmp(String from, String to, int type, int code, int rest, ByteBuffer packet) {
    boolean v6 = from.contains(":");
    ByteBuffer quote = packet.duplicate();
    quote.limit(Math.min(quote.limit(), quote.position() + 68));
    ip(from, to, v6 ? Wire.ICMPV6 : Wire.ICMP).icmp(type, code, rest);
    return whole(builder.finishIcmp(quote, NOTHING), quote);
  }

  static ByteBuffer whole(ByteBuffer head, ByteBuffer payload) {
    return ByteBuffer.allocate(head.remaining() + payload.remaining())
        .put(head)
        .put(payload.duplicate())
        .flip();
  }

  static ByteBuffer pattern(int length) {
    ByteBuffer data = ByteBuffer.allocateDirect(length);
    for (int i = 0; i < length; i++) {
      data.put((byte) (i * 7 + (i >> 8)));
    }
    return data.flip();
  }
}
