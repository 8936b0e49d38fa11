package dev.ktd.relay;

import static dev.ktd.packet.Wire.VNET_GSO_ECN;
import static dev.ktd.packet.Wire.VNET_GSO_NONE;
import static dev.ktd.packet.Wire.VNET_HEADER;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The blocks of a capture in pcapng (draft-ietf-opsawg-pcapng, sections 4.1 to 4.3), big-endian:
 * one section, one interface of raw IP packets, nanoseconds.
 */
final class PcapBlocks {
  private static final int SECTION = 0x0a0d0d0a;
  private static final int INTERFACE = 1;
  private static final int ENHANCED_PACKET = 6;
  private static final int BYTE_ORDER = 0x1a2b3c4d;
  private static final int LINKTYPE_RAW = 101;

  private static final int OPTION_COMMENT = 1;
  private static final int SECTION_PROGRAM = 4;
  private static final int INTERFACE_NAME = 2;
  private static final int INTERFACE_RESOLUTION = 9;
  private static final int PACKET_FLAGS = 2;
  private static final int PACKET_DROPS = 4;

  /** Powers of ten after the second's point. */
  private static final byte NANOSECONDS = 9;

  /** Block header, six words, options with a comment of at most 32 bytes, total length. */
  private static final int PACKET_OVERHEAD = 128;

  private final int snapLength;

  PcapBlocks(int snapLength) {
    this.snapLength = snapLength;
  }

  /** What a file starts with. */
  ByteBuffer start(String device) {
    ByteBuffer out = ByteBuffer.allocate(256 + device.length() * 3);
    int section = begin(out, SECTION);
    out.putInt(BYTE_ORDER).putShort((short) 1).putShort((short) 0).putLong(-1);
    option(out, SECTION_PROGRAM, "ktd");
    end(out, section);
    int port = begin(out, INTERFACE);
    out.putShort((short) LINKTYPE_RAW).putShort((short) 0).putInt(snapLength);
    option(out, INTERFACE_NAME, device);
    out.putShort((short) INTERFACE_RESOLUTION).putShort((short) 1);
    out.put(NANOSECONDS).put((byte) 0).putShort((short) 0);
    end(out, port);
    return out.flip();
  }

  /**
   * One packet, cut to the snap length, without its virtio header; a super-segment says so in a
   * comment.
   *
   * @param missed frames since the last one that are not in the file
   */
  ByteBuffer packet(
      PcapFile.Direction direction,
      long epochNanos,
      long missed,
      boolean vnetHeader,
      ByteBuffer headers,
      ByteBuffer payload,
      ByteBuffer more) {
    int gso = vnetHeader ? segmentSize(headers) : 0;
    int length = headers.remaining() + payload.remaining() + more.remaining();
    int kept = Math.min(length, snapLength);
    ByteBuffer out = ByteBuffer.allocate(kept + PACKET_OVERHEAD);
    int block = begin(out, ENHANCED_PACKET);
    out.putInt(0).putLong(epochNanos).putInt(kept).putInt(length);
    int until = out.position() + kept;
    cut(out, headers, until);
    cut(out, payload, until);
    cut(out, more, until);
    pad(out);
    if (gso > 0) {
      option(out, OPTION_COMMENT, "super-segment of " + gso);
    }
    out.putShort((short) PACKET_FLAGS).putShort((short) 4);
    out.putInt(direction == PcapFile.Direction.INBOUND ? 1 : 2);
    if (missed > 0) {
      out.putShort((short) PACKET_DROPS).putShort((short) 8).putLong(missed);
    }
    end(out, block);
    return out.flip();
  }

  /** Skips the virtio header; 0 where the frame is one packet. */
  private static int segmentSize(ByteBuffer headers) {
    if (headers.remaining() < VNET_HEADER) {
      return 0;
    }
    int at = headers.position();
    int type = headers.get(at + 1) & 0xff & ~VNET_GSO_ECN;
    // struct virtio_net_hdr is little-endian here, whatever order the buffer has.
    int size = (headers.get(at + 4) & 0xff) | (headers.get(at + 5) & 0xff) << 8;
    headers.position(at + VNET_HEADER);
    return type == VNET_GSO_NONE ? 0 : size;
  }

  private static void cut(ByteBuffer out, ByteBuffer piece, int until) {
    int size = Math.min(piece.remaining(), until - out.position());
    out.put(piece.limit(piece.position() + size));
  }

  private static int begin(ByteBuffer out, int type) {
    int at = out.position();
    out.order(ByteOrder.BIG_ENDIAN).putInt(type).putInt(0);
    return at;
  }

  /** The end of the options, and the length on both sides of the block. */
  private static void end(ByteBuffer out, int start) {
    out.putInt(0);
    int length = out.position() + 4 - start;
    out.putInt(length).putInt(start + 4, length);
  }

  private static void option(ByteBuffer out, int code, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.putShort((short) code).putShort((short) bytes.length).put(bytes);
    pad(out);
  }

  private static void pad(ByteBuffer out) {
    while (out.position() % 4 != 0) {
      out.put((byte) 0);
    }
  }
}
