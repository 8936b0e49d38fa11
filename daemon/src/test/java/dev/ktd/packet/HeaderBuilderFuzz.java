package dev.ktd.packet;

import java.nio.ByteBuffer;

/** Whatever a {@link HeaderBuilder} is asked to write, {@link Packet} reads it back. */
public final class HeaderBuilderFuzz {
  private static final int MOST_PAYLOAD = 3000;

  private final Choices choices;
  private final boolean vnetHeader;
  private final boolean v6;
  private final HeaderBuilder builder;
  private final Packet packet = new Packet();
  private final long fromHigh;
  private final long fromLow;
  private final long toHigh;
  private final long toLow;

  private HeaderBuilderFuzz(Choices choices) {
    this.choices = choices;
    vnetHeader = choices.below(2) == 1;
    v6 = choices.below(2) == 1;
    builder = new HeaderBuilder(vnetHeader, vnetHeader && choices.below(2) == 1);
    // Never one that starts with 0: an IPv4-mapped address is not for the wire.
    fromHigh = v6 ? 0x2000_0000_0000_0000L | number() : 0;
    toHigh = v6 ? 0x2000_0000_0000_0000L | number() : 0;
    fromLow = v6 ? (long) number() << 32 | number() : IpAddress.v4(number());
    toLow = v6 ? (long) number() << 32 | number() : IpAddress.v4(number());
  }

  /** One input: the fields and the payload of one frame. */
  public static void fuzzerTestOneInput(byte[] input) {
    new HeaderBuilderFuzz(Choices.ofBytes(input)).run();
  }

  private void run() {
    switch (choices.below(4)) {
      case 0 -> tcp();
      case 1 -> udp();
      case 2 -> icmp();
      default -> fragment();
    }
  }

  private int number() {
    return choices.below(1 << 16) << 16 | choices.below(1 << 16);
  }

  private ByteBuffer payload() {
    int length = choices.below(MOST_PAYLOAD);
    ByteBuffer payload = ByteBuffer.allocate(length);
    while (payload.hasRemaining()) {
      payload.put((byte) choices.below(256));
    }
    return payload.flip();
  }

  private void ip(int protocol) {
    builder.ip(fromHigh, fromLow, toHigh, toLow, protocol);
  }

  private ByteBuffer parsed(ByteBuffer head, ByteBuffer payload, ParseResult wanted) {
    ByteBuffer frame = ByteBuffer.allocate(head.remaining() + payload.remaining());
    frame.put(head).put(payload.duplicate()).flip();
    ParseResult result = packet.parse(frame, vnetHeader);
    Expect.that(result == wanted, "the frame is %s", result);
    Expect.that(packet.v6() == v6, "another version");
    Expect.that(packet.sourceHigh() == fromHigh && packet.sourceLow() == fromLow, "another source");
    Expect.that(
        packet.destinationHigh() == toHigh && packet.destinationLow() == toLow,
        "another destination");
    return frame;
  }

  private void parsedWhole(ByteBuffer head, ByteBuffer payload) {
    ByteBuffer frame = parsed(head, payload, ParseResult.OK);
    Expect.that(packet.checksumHolds(), "the checksum is wrong");
    Expect.that(
        packet.payloadLength() == payload.remaining(), "payload %s", packet.payloadLength());
    Expect.that(
        payload.equals(frame.slice(packet.payloadOffset(), packet.payloadLength())), "payload");
  }

  private void tcp() {
    int from = choices.below(1 << 16);
    int to = choices.below(1 << 16);
    int sequence = number();
    int acknowledgment = number();
    int flags = choices.below(256);
    int window = choices.below(1 << 16);
    int segmentSize = choices.below(2) == 1 ? choices.below(1 << 16) : -1;
    int scale = choices.below(2) == 1 ? choices.below(256) : -1;
    boolean sackPermitted = choices.below(2) == 1;
    ip(Wire.TCP);
    builder.tcp(from, to, sequence, acknowledgment, flags, window);
    if (segmentSize >= 0) {
      builder.maximumSegmentSize(segmentSize);
    }
    if (scale >= 0) {
      builder.windowScale(scale);
    }
    if (sackPermitted) {
      builder.sackPermitted();
    }
    // What fits into 40 bytes beside the others.
    int[] sack = new int[2 * choices.below(3)];
    if (sack.length > 0) {
      builder.sack(sack.length / 2);
      for (int i = 0; i < sack.length; i += 2) {
        sack[i] = number();
        sack[i + 1] = number();
        builder.sackBlock(sack[i], sack[i + 1]);
      }
    }
    ByteBuffer payload = payload();
    parsedWhole(builder.finishTcp(cut(payload), rest(payload), 65_535), payload);
    Expect.that(packet.sourcePort() == from && packet.destinationPort() == to, "other ports");
    Expect.that(packet.sequence() == sequence, "another sequence number");
    Expect.that(packet.acknowledgment() == acknowledgment, "another acknowledgment");
    Expect.that(packet.flags() == flags && packet.window() == window, "flags or window");
    TcpOptions options = packet.options();
    Expect.that(
        options.maximumSegmentSize() == segmentSize, "mss %s", options.maximumSegmentSize());
    Expect.that(options.windowScale() == Math.min(14, scale), "wscale %s", options.windowScale());
    Expect.that(options.sackPermitted() == sackPermitted, "sackOK");
    Expect.that(options.sackBlocks() * 2 == sack.length, "sack %s", options.sackBlocks());
    for (int i = 0; i < options.sackBlocks(); i++) {
      Expect.that(options.sackLeft(i) == sack[2 * i], "left edge of block %d", i);
      Expect.that(options.sackRight(i) == sack[2 * i + 1], "right edge of block %d", i);
    }
  }

  /** The payload in two pieces, as a ring buffer has it, of which the first may be odd. */
  private static ByteBuffer cut(ByteBuffer payload) {
    return payload.duplicate().limit(payload.remaining() / 3);
  }

  private static ByteBuffer rest(ByteBuffer payload) {
    return payload.duplicate().position(payload.remaining() / 3);
  }

  private void udp() {
    int from = choices.below(1 << 16);
    int to = choices.below(1 << 16);
    ip(Wire.UDP);
    builder.udp(from, to);
    ByteBuffer payload = payload();
    parsedWhole(builder.finishUdp(cut(payload), rest(payload)), payload);
    Expect.that(packet.sourcePort() == from && packet.destinationPort() == to, "other ports");
  }

  private void icmp() {
    int type = choices.below(256);
    int code = choices.below(256);
    int rest = number();
    ip(v6 ? Wire.ICMPV6 : Wire.ICMP);
    builder.icmp(type, code, rest);
    ByteBuffer payload = payload();
    parsedWhole(builder.finishIcmp(cut(payload), rest(payload)), payload);
    Expect.that(packet.icmpType() == type && packet.icmpCode() == code, "type or code");
    Expect.that(packet.icmpRest() == rest, "the second word");
  }

  private void fragment() {
    int id = v6 ? number() : choices.below(1 << 16);
    int offset = choices.below(1 << 13) * 8;
    boolean more = choices.below(2) == 1;
    if (offset == 0 && !more) {
      return;
    }
    ip(Wire.UDP);
    builder.fragment(id, offset, more);
    ByteBuffer payload = payload();
    parsed(builder.finish(payload.remaining()), payload, ParseResult.FRAGMENT);
    Expect.that(packet.fragmentId() == id && packet.fragmentOffset() == offset, "id or offset");
    Expect.that(
        packet.moreFragments() == more && packet.protocol() == Wire.UDP, "more or protocol");
    Expect.that(
        packet.transportLength() == payload.remaining(), "length %s", packet.transportLength());
  }
}
