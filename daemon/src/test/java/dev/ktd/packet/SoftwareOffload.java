package dev.ktd.packet;

import static dev.ktd.packet.Wire.*;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What a network card does for a kernel: cuts TCP super-segments into segments and finishes their
 * checksums. Frames that go over a wire can be damaged there, and are found out by their sums.
 */
public final class SoftwareOffload {
  private final Packet packet = new Packet();

  /**
   * The frames of the wire for one frame with a virtio header, each behind a virtio header of
   * zeros: complete checksums, nothing to trust. The given frame is not changed.
   *
   * @param frame between position and limit; only TCP is cut
   */
  public List<ByteBuffer> split(ByteBuffer frame) {
    ByteBuffer source = frame.duplicate();
    if (packet.parse(source, true) != ParseResult.OK || packet.protocol() != TCP) {
      return List.of(whole(source));
    }
    int size = packet.gsoType() == VNET_GSO_NONE ? 0 : packet.gsoSize();
    if (size == 0 || packet.payloadLength() <= size) {
      return List.of(whole(source));
    }
    List<ByteBuffer> pieces = new ArrayList<>();
    for (int from = 0; from < packet.payloadLength(); from += size) {
      pieces.add(piece(source, from, Math.min(size, packet.payloadLength() - from)));
    }
    return pieces;
  }

  private static ByteBuffer whole(ByteBuffer source) {
    ByteBuffer copy = ByteBuffer.allocate(source.remaining()).put(source.duplicate()).flip();
    if ((copy.get(0) & VNET_NEEDS_CSUM) != 0) {
      int start = VNET_HEADER + (Short.reverseBytes(copy.getShort(6)) & 0xffff);
      int field = start + (Short.reverseBytes(copy.getShort(8)) & 0xffff);
      // The field holds the pseudo-header's sum.
      long sum = Checksum.sum(copy, start, copy.limit() - start);
      copy.putShort(field, (short) Checksum.complement(sum));
    }
    return copy.putLong(0, 0).putShort(8, (short) 0);
  }

  private ByteBuffer piece(ByteBuffer source, int from, int length) {
    int base = source.position();
    int headers = packet.payloadOffset() - base;
    int transport = headers - (packet.transportLength() - packet.payloadLength());
    ByteBuffer piece = ByteBuffer.allocate(headers + length);
    piece.put(0, source, base, headers);
    piece.put(headers, source, packet.payloadOffset() + from, length);
    piece.putLong(0, 0).putShort(8, (short) 0);
    int tcpLength = headers - transport + length;
    if (packet.v6()) {
      piece.putShort(VNET_HEADER + 4, (short) tcpLength);
    } else {
      piece.putShort(VNET_HEADER + 2, (short) (transport - VNET_HEADER + tcpLength));
      piece.putShort(VNET_HEADER + 10, (short) 0);
      long sum = Checksum.sum(piece, VNET_HEADER, transport - VNET_HEADER);
      piece.putShort(VNET_HEADER + 10, (short) Checksum.complement(sum));
    }
    piece.putInt(transport + 4, packet.sequence() + from);
    int flags = packet.flags();
    flags &= from > 0 ? ~CWR : ~0;
    flags &= from + length < packet.payloadLength() ? ~(FIN | PSH) : ~0;
    piece.put(transport + 13, (byte) flags);
    piece.putShort(transport + 16, (short) 0);
    long pseudo =
        Checksum.pseudoHeader(
            packet.sourceHigh(),
            packet.sourceLow(),
            packet.destinationHigh(),
            packet.destinationLow(),
            TCP,
            tcpLength);
    long sum = pseudo + Checksum.sum(piece, transport, tcpLength);
    return piece.putShort(transport + 16, (short) Checksum.complement(sum));
  }
}
