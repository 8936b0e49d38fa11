package dev.ktd.packet;

import static dev.ktd.packet.ParseResult.*;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Any bytes as a frame: nothing is thrown, what lies around the frame is not read, and all offsets
 * stay inside. The first byte of an input says whether the rest starts with a virtio header (1),
 * and whether the checksum of an IPv4 header is to be put right first (2).
 */
public final class PacketFuzz {
  private static final int AROUND = 64;

  private PacketFuzz() {}

  /** One input. */
  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length == 0) {
      return;
    }
    boolean vnetHeader = (input[0] & 1) != 0;
    if ((input[0] & 2) != 0) {
      repair(ByteBuffer.wrap(input), 1 + (vnetHeader ? Wire.VNET_HEADER : 0));
    }
    String among0 = look(input, vnetHeader, (byte) 0);
    String among1 = look(input, vnetHeader, (byte) 0xff);
    Expect.that(among0.equals(among1), "what is around the frame matters: %s, %s", among0, among1);
  }

  private static void repair(ByteBuffer frame, int ip) {
    int length = ip < frame.limit() ? (frame.get(ip) & 0xf) * 4 : 0;
    if (length >= Wire.IPV4_HEADER && ip + length <= frame.limit()) {
      frame.putShort(ip + 10, (short) 0);
      frame.putShort(ip + 10, (short) Checksum.complement(Checksum.sum(frame, ip, length)));
    }
  }

  private static String look(byte[] input, boolean vnetHeader, byte around) {
    int length = input.length - 1;
    byte[] bytes = new byte[AROUND + length + AROUND];
    Arrays.fill(bytes, around);
    System.arraycopy(input, 1, bytes, AROUND, length);
    ByteBuffer frame = ByteBuffer.wrap(bytes).position(AROUND).limit(AROUND + length);
    Packet packet = new Packet();
    ParseResult result = packet.parse(frame, vnetHeader);
    Expect.that(
        frame.position() == AROUND && frame.limit() == AROUND + length, "position or limit moved");
    StringBuilder seen = new StringBuilder(result.name());
    if (result == OK || result == FRAGMENT || result == UNSUPPORTED) {
      inside(packet, packet.transportOffset(), packet.transportLength());
      seen.append(network(packet));
    }
    if (result == OK) {
      inside(packet, packet.payloadOffset(), packet.payloadLength());
      seen.append(transport(packet));
    }
    return seen + new PacketPrinter(vnetHeader).print(frame);
  }

  private static void inside(Packet packet, int offset, int length) {
    ByteBuffer frame = packet.buffer();
    Expect.that(
        length >= 0 && offset >= frame.position() && offset + length <= frame.limit(),
        "%d bytes at %d are not inside the frame",
        length,
        offset);
  }

  private static String network(Packet packet) {
    return " %b %d %x:%x %x:%x %d %d %d %b %b %d %d "
        .formatted(
            packet.v6(),
            packet.protocol(),
            packet.sourceHigh(),
            packet.sourceLow(),
            packet.destinationHigh(),
            packet.destinationLow(),
            packet.ipOffset(),
            packet.fragmentId(),
            packet.fragmentOffset(),
            packet.moreFragments(),
            packet.checksumTrusted(),
            packet.gsoType(),
            packet.gsoSize());
  }

  private static String transport(Packet packet) {
    boolean holds = packet.checksumHolds();
    return switch (packet.protocol()) {
      case Wire.TCP ->
          "%b %d %d %d %d %d %d "
              .formatted(
                  holds,
                  packet.sourcePort(),
                  packet.destinationPort(),
                  packet.sequence(),
                  packet.acknowledgment(),
                  packet.flags(),
                  packet.window());
      case Wire.UDP -> "%b %d %d ".formatted(holds, packet.sourcePort(), packet.destinationPort());
      default ->
          "%b %d %d %d ".formatted(holds, packet.icmpType(), packet.icmpCode(), packet.icmpRest());
    };
  }
}
