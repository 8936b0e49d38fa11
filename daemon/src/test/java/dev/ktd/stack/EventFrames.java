package dev.ktd.stack;

import dev.ktd.packet.Checksum;
import dev.ktd.packet.Choices;
import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Packet;
import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;

/** Frames of local programs, nearly right ones, as {@link Choices} say. */
final class EventFrames {
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);
  private static final int SEGMENT = 1440;
  private static final int HTTP = 80;

  private final Choices choices;
  private final boolean vnet;
  private final HeaderBuilder builder;

  EventFrames(Choices choices, boolean vnet) {
    this.choices = choices;
    this.vnet = vnet;
    builder = new HeaderBuilder(vnet, vnet);
  }

  private static long high(boolean v6) {
    return v6 ? 0xfd00L << 48 : 0;
  }

  private static long from(boolean v6) {
    return v6 ? 1 : IpAddress.v4(0xc612_0001);
  }

  private static long to(boolean v6) {
    return v6 ? 2 : IpAddress.v4(0x0a2b_0709);
  }

  private void ip(boolean v6, int protocol) {
    builder.ip(high(v6), from(v6), high(v6), to(v6), protocol);
  }

  /** Whether a segment has the addresses, the port and the payload that this program sends. */
  static boolean isOf(EventProgram program, Packet segment) {
    boolean v6 = program.v6;
    boolean right =
        segment.sourceHigh() == high(v6)
            && segment.sourceLow() == from(v6)
            && segment.destinationHigh() == high(v6)
            && segment.destinationLow() == to(v6)
            && segment.destinationPort() == HTTP;
    for (int i = 0; right && i < segment.payloadLength(); i++) {
      byte actual = segment.buffer().get(segment.payloadOffset() + i);
      right = actual == EventOwner.programByte(segment.sequence() + i);
    }
    return right;
  }

  private static ByteBuffer join(ByteBuffer head, ByteBuffer payload) {
    return ByteBuffer.allocate(head.remaining() + payload.remaining())
        .put(head)
        .put(payload)
        .flip();
  }

  /** Asks for a connection, with options that may be strange. */
  ByteBuffer syn(EventProgram program) {
    ip(program.v6, Wire.TCP);
    int sequence = choices.below(4) << 30 | choices.below(256) << 8;
    builder.tcp(program.port, HTTP, sequence, 0, Wire.SYN | strangeFlags(), choices.below(1 << 16));
    if (choices.below(4) > 0) {
      builder.maximumSegmentSize(choices.oneIn(4) ? choices.below(1 << 16) : SEGMENT);
    }
    if (choices.below(4) > 0) {
      builder.windowScale(choices.oneIn(4) ? choices.below(256) : 7);
    }
    if (choices.below(4) > 0) {
      builder.sackPermitted();
    }
    return join(builder.finishTcp(NOTHING, NOTHING, 65_535), NOTHING);
  }

  /** ECN, URG and PSH: what a SYN may carry. */
  private int strangeFlags() {
    return choices.oneIn(8) ? choices.below(256) & ~(Wire.ACK | Wire.FIN | Wire.RST) : 0;
  }

  /** What a TCP would send next. */
  ByteBuffer polite(EventProgram program) {
    int length = length();
    boolean fin = choices.oneIn(12);
    int sequence = program.next;
    program.next += length + (fin ? 1 : 0);
    int flags = Wire.ACK | (fin ? Wire.FIN : 0) | (length > 0 ? Wire.PSH : 0);
    return segment(program, sequence, program.heard, flags, length);
  }

  /** An ACK for some of what was heard, perhaps with SACK blocks for more of it. */
  ByteBuffer partial(EventProgram program) {
    int open = Math.max(0, program.heard - program.acked);
    int ack = program.acked + choices.below(Math.min(open, 1 << 16) + 1);
    return segment(program, program.next, ack, Wire.ACK, 0);
  }

  /** Numbers that are near to the right ones, any flags. */
  ByteBuffer wild(EventProgram program) {
    int flags = choices.oneIn(3) ? choices.below(256) : Wire.ACK;
    if ((flags & Wire.RST) != 0 && !choices.oneIn(4)) {
      flags &= ~Wire.RST;
    }
    return segment(program, program.next + jitter(), program.heard + jitter(), flags, length());
  }

  private int jitter() {
    return switch (choices.below(6)) {
      case 0, 1 -> 0;
      case 2 -> choices.below(8) - 4;
      case 3 -> choices.below(4096);
      case 4 -> -choices.below(4096);
      default -> choices.below(1 << 16) << choices.below(17);
    };
  }

  private int length() {
    return switch (choices.below(6)) {
      case 0, 1 -> 0;
      case 2 -> choices.below(256);
      case 3 -> SEGMENT;
      case 4 -> choices.below(SEGMENT);
      default -> vnet ? choices.below(20_000) : 1;
    };
  }

  private int window() {
    return switch (choices.below(4)) {
      case 0 -> 500;
      case 1 -> 0xffff;
      case 2 -> choices.below(1 << 16);
      default -> choices.below(3);
    };
  }

  private ByteBuffer segment(EventProgram program, int sequence, int ack, int flags, int length) {
    ip(program.v6, Wire.TCP);
    builder.tcp(program.port, HTTP, sequence, ack, flags, window());
    int blocks = Math.max(0, choices.below(8) - 4);
    if (blocks > 0) {
      builder.sack(blocks);
      int left = ack;
      for (int i = 0; i < blocks; i++) {
        left += choices.below(4096) - (choices.oneIn(8) ? 2048 : 0);
        int right = left + choices.below(4096);
        builder.sackBlock(left, right);
        left = right;
      }
    }
    ByteBuffer payload = ByteBuffer.allocate(length);
    for (int i = 0; i < length; i++) {
      payload.put(EventOwner.programByte(sequence + i));
    }
    payload.flip();
    return join(builder.finishTcp(payload, NOTHING, vnet ? 1000 : 65_535), payload);
  }

  /** UDP, a ping, or a fragment of either. */
  ByteBuffer datagram(EventProgram program) {
    ByteBuffer payload = ByteBuffer.allocate(choices.oneIn(4) ? 16 + choices.below(3000) : 16);
    return switch (choices.below(4)) {
      case 0, 1 -> {
        ip(program.v6, Wire.UDP);
        builder.udp(program.port, choices.oneIn(8) ? 137 : 53);
        yield join(builder.finishUdp(payload, NOTHING), payload);
      }
      case 2 -> {
        ip(program.v6, program.v6 ? Wire.ICMPV6 : Wire.ICMP);
        int type = program.v6 ? Wire.ICMPV6_ECHO_REQUEST : Wire.ICMP_ECHO_REQUEST;
        builder.icmp(choices.oneIn(4) ? choices.below(256) : type, 0, program.port);
        yield join(builder.finishIcmp(payload, NOTHING), payload);
      }
      default -> {
        ip(program.v6, choices.oneIn(4) ? Wire.TCP : Wire.UDP);
        builder.fragment(choices.below(3), 8 * choices.below(4), choices.below(3) > 0);
        payload.limit(choices.below(3) * 8);
        yield join(builder.finish(payload.limit()), payload);
      }
    };
  }

  /** Changes a few bytes, often of the headers, and mostly puts the IP checksum right again. */
  void spoil(ByteBuffer frame) {
    for (int i = choices.below(4); i >= 0; i--) {
      int at = choices.below(Math.min(100, frame.limit()));
      frame.put(at, (byte) choices.below(256));
    }
    int ip = vnet ? Wire.VNET_HEADER : 0;
    int length = (frame.get(ip) & 0xf) * 4;
    if (frame.get(ip) >>> 4 == 4 && length >= Wire.IPV4_HEADER && ip + length <= frame.limit()) {
      frame.putShort(ip + 10, (short) 0);
      int sum = Checksum.complement(Checksum.sum(frame, ip, length));
      frame.putShort(ip + 10, (short) sum);
    }
    if (choices.oneIn(4)) {
      frame.limit(choices.below(frame.limit() + 1));
    }
  }
}
