package dev.ktd.packet;

import static dev.ktd.packet.Wire.*;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * TCP segments byte by byte, written and read without {@link HeaderBuilder} and {@link TcpOptions},
 * so that a peer made of it shares no mistakes with them.
 */
public final class RawTcp {
  private static final int MAX_BLOCKS = 4;

  private RawTcp() {}

  /** Two addresses as {@link IpAddress} has them, and two ports. */
  public record Ends(
      long fromHigh, long fromLow, int fromPort, long toHigh, long toLow, int toPort) {
    boolean v6() {
      return !IpAddress.isV4(fromHigh, fromLow);
    }
  }

  /** A range of sequence numbers, the end not included (RFC 2018). */
  public record Block(int start, int end) {}

  /**
   * Options; absent numbers are -1.
   *
   * @param others kinds of all other options
   */
  public record Options(
      int mss, int scale, boolean sackOk, List<Block> blocks, List<Integer> others) {
    public static final Options NONE = new Options(-1, -1, false, List.of(), List.of());

    public static Options sack(List<Block> blocks) {
      return new Options(-1, -1, false, blocks, List.of());
    }

    private ByteBuffer bytes() {
      ByteBuffer bytes = ByteBuffer.allocate(40);
      if (mss >= 0) {
        bytes.put((byte) 2).put((byte) 4).putShort((short) mss);
      }
      if (sackOk) {
        bytes.put((byte) 1).put((byte) 1).put((byte) 4).put((byte) 2);
      }
      if (scale >= 0) {
        bytes.put((byte) 1).put((byte) 3).put((byte) 3).put((byte) scale);
      }
      for (int kind : others) {
        bytes.put((byte) 1).put((byte) 1).put((byte) kind).put((byte) 2);
      }
      if (!blocks.isEmpty()) {
        int count = Math.min(blocks.size(), Math.min(MAX_BLOCKS, (bytes.remaining() - 4) / 8));
        bytes.put((byte) 1).put((byte) 1).put((byte) 5).put((byte) (2 + 8 * count));
        blocks.stream().limit(count).forEach(b -> bytes.putInt(b.start).putInt(b.end));
      }
      return bytes.flip();
    }
  }

  /** All of a segment but its ends and payload. */
  public record Head(int sequence, int acknowledgment, int flags, int window, Options options) {}

  /**
   * A frame that holds the segment.
   *
   * @param vnetHeader whether it starts with a virtio header, as of a kernel that leaves the sum to
   *     its card: then payload beyond {@code segmentSize} makes a super-segment
   */
  public static ByteBuffer frame(
      Ends ends, Head head, ByteBuffer payload, boolean vnetHeader, int segmentSize) {
    ByteBuffer options = head.options.bytes();
    int tcpHeader = TCP_HEADER + options.remaining();
    int length = tcpHeader + payload.remaining();
    int ip = vnetHeader ? VNET_HEADER : 0;
    int tcp = ip + (ends.v6() ? IPV6_HEADER : IPV4_HEADER);
    ByteBuffer frame = ByteBuffer.allocate(tcp + length);
    ip(frame.position(ip), ends, length);
    frame.putShort((short) ends.fromPort).putShort((short) ends.toPort);
    frame.putInt(head.sequence).putInt(head.acknowledgment);
    frame.put((byte) (tcpHeader / 4 * 16)).put((byte) head.flags).putShort((short) head.window);
    frame.putInt(0).put(options).put(payload.duplicate()).flip();
    long pseudo =
        Checksum.pseudoHeader(ends.fromHigh, ends.fromLow, ends.toHigh, ends.toLow, TCP, length);
    if (vnetHeader) {
      boolean large = payload.remaining() > segmentSize;
      int gso = !large ? VNET_GSO_NONE : ends.v6() ? VNET_GSO_TCPV6 : VNET_GSO_TCPV4;
      frame.put(0, (byte) VNET_NEEDS_CSUM).put(1, (byte) gso);
      frame.putShort(2, Short.reverseBytes((short) (tcp - ip + tcpHeader)));
      frame.putShort(4, large ? Short.reverseBytes((short) segmentSize) : 0);
      frame.putShort(6, Short.reverseBytes((short) (tcp - ip)));
      frame.putShort(8, Short.reverseBytes((short) 16));
      frame.putShort(tcp + 16, (short) Checksum.fold(pseudo));
    } else {
      long sum = pseudo + Checksum.sum(frame, tcp, length);
      frame.putShort(tcp + 16, (short) Checksum.complement(sum));
    }
    return frame;
  }

  private static void ip(ByteBuffer frame, Ends ends, int length) {
    int at = frame.position();
    if (ends.v6()) {
      frame.putInt(6 << 28).putShort((short) length).put((byte) TCP).put((byte) 64);
      frame.putLong(ends.fromHigh).putLong(ends.fromLow);
      frame.putLong(ends.toHigh).putLong(ends.toLow);
    } else {
      frame.putShort((short) 0x4500).putShort((short) (IPV4_HEADER + length)).putInt(0x4000);
      frame.put((byte) 64).put((byte) TCP).putShort((short) 0);
      frame.putInt((int) ends.fromLow).putInt((int) ends.toLow);
      frame.putShort(at + 10, (short) Checksum.complement(Checksum.sum(frame, at, IPV4_HEADER)));
    }
  }

  /** The options of a parsed segment. */
  public static Options options(Packet packet) {
    ByteBuffer bytes = packet.buffer();
    int mss = -1;
    int scale = -1;
    boolean sackOk = false;
    List<Block> blocks = new ArrayList<>();
    List<Integer> others = new ArrayList<>();
    int size;
    for (int at = packet.transportOffset() + TCP_HEADER; at < packet.payloadOffset(); at += size) {
      int kind = bytes.get(at);
      size = kind <= 1 ? 1 : bytes.get(at + 1);
      switch (kind) {
        case 0, 1 -> {}
        case 2 -> mss = bytes.getShort(at + 2) & 0xffff;
        case 3 -> scale = bytes.get(at + 2);
        case 4 -> sackOk = true;
        case 5 -> {
          for (int block = at + 2; block < at + size; block += 8) {
            blocks.add(new Block(bytes.getInt(block), bytes.getInt(block + 4)));
          }
        }
        default -> others.add(kind);
      }
    }
    return new Options(mss, scale, sackOk, blocks, others);
  }
}
