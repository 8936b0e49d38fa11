package dev.ktd.packet;

import static dev.ktd.packet.Wire.*;

import java.nio.ByteBuffer;

/**
 * Writes the headers of one frame after the other into one direct buffer. The order of calls:
 * {@link #ip}, then one of {@link #tcp} (and its options), {@link #udp}, {@link #icmp} or nothing,
 * then the matching finish, which fills lengths and checksums in and returns the headers ready to
 * be sent.
 */
public final class HeaderBuilder {
  private static final int CAPACITY = 256;
  private static final int HOP_LIMIT = 64;
  private static final int DONT_FRAGMENT = 0x4000;

  private final boolean vnetHeader;
  private final boolean partialChecksums;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(CAPACITY);
  private final int ipOffset;
  private boolean v6;
  private int protocol;
  private int transportOffset;
  private long fromHigh;
  private long fromLow;
  private long toHigh;
  private long toLow;

  /**
   * A builder for frames of one device.
   *
   * @param vnetHeader frames start with a virtio header
   * @param partialChecksums the device finishes the sums of TCP and UDP
   */
  public HeaderBuilder(boolean vnetHeader, boolean partialChecksums) {
    this.vnetHeader = vnetHeader;
    this.partialChecksums = partialChecksums;
    this.ipOffset = vnetHeader ? VNET_HEADER : 0;
  }

  /** Starts a frame. The packet is not to be fragmented on its way (RFC 6864: id 0). */
  public void ip(long fromHigh, long fromLow, long toHigh, long toLow, int protocol) {
    this.fromHigh = fromHigh;
    this.fromLow = fromLow;
    this.toHigh = toHigh;
    this.toLow = toLow;
    this.protocol = protocol;
    v6 = !IpAddress.isV4(fromHigh, fromLow);
    buffer.clear();
    if (vnetHeader) {
      buffer.putLong(0).putShort((short) 0);
    }
    if (v6) {
      buffer.putInt(6 << 28).putShort((short) 0).put((byte) protocol).put((byte) HOP_LIMIT);
      buffer.putLong(fromHigh).putLong(fromLow);
      buffer.putLong(toHigh).putLong(toLow);
    } else {
      buffer.putInt(0x4500 << 16).putShort((short) 0).putShort((short) DONT_FRAGMENT);
      buffer.put((byte) HOP_LIMIT).put((byte) protocol).putShort((short) 0);
      buffer.putInt((int) fromLow).putInt((int) toLow);
    }
    transportOffset = buffer.position();
  }

  /**
   * Makes the packet one fragment.
   *
   * @param id the same for all fragments of a packet; IPv4 has room for its low 16 bits
   * @param offset of this fragment in bytes, a multiple of 8
   */
  public void fragment(int id, int offset, boolean more) {
    if (v6) {
      buffer.put(ipOffset + 6, (byte) 44);
      buffer.put((byte) protocol).put((byte) 0);
      buffer.putShort((short) (offset | (more ? 1 : 0))).putInt(id);
      transportOffset = buffer.position();
    } else {
      buffer.putShort(ipOffset + 4, (short) id);
      buffer.putShort(ipOffset + 6, (short) (offset / 8 | (more ? 0x2000 : 0)));
    }
  }

  /** Ends a packet whose transport header is part of the payload and already summed up. */
  public ByteBuffer finish(int payloadLength) {
    return finishIp(payloadLength);
  }

  public void tcp(
      int fromPort, int toPort, int sequence, int acknowledgment, int flags, int window) {
    buffer.putShort((short) fromPort).putShort((short) toPort);
    buffer.putInt(sequence).putInt(acknowledgment);
    buffer.put((byte) 0).put((byte) flags).putShort((short) window);
    buffer.putInt(0);
  }

  public void maximumSegmentSize(int bytes) {
    buffer.put((byte) 2).put((byte) 4).putShort((short) bytes);
  }

  /** The option, preceded by one byte of padding. */
  public void windowScale(int shift) {
    buffer.put((byte) 1).put((byte) 3).put((byte) 3).put((byte) shift);
  }

  /** The option, preceded by two bytes of padding. */
  public void sackPermitted() {
    buffer.putShort((short) 0x0101).put((byte) 4).put((byte) 2);
  }

  /**
   * Starts a SACK option (RFC 2018), preceded by two bytes of padding; {@link #sackBlock} must
   * follow as often as said. It takes 4 bytes and 8 for each block.
   *
   * @param blocks 1 to {@link TcpOptions#MOST_SACK_BLOCKS}
   */
  public void sack(int blocks) {
    buffer.putShort((short) 0x0101).put((byte) 5).put((byte) (2 + 8 * blocks));
  }

  /** From the first sequence number received to the one behind the last. */
  public void sackBlock(int left, int right) {
    buffer.putInt(left).putInt(right);
  }

  /**
   * Ends a TCP segment.
   *
   * @param payload the first piece, read between position and limit, as is {@code more}
   * @param segmentSize payload bytes of each segment; where there are more, a super-segment is made
   */
  public ByteBuffer finishTcp(ByteBuffer payload, ByteBuffer more, int segmentSize) {
    int headerLength = buffer.position() - transportOffset;
    int payloadLength = payload.remaining() + more.remaining();
    buffer.put(transportOffset + 12, (byte) ((headerLength / 4) << 4));
    transportChecksum(16, headerLength, payload, more);
    if (payloadLength > segmentSize) {
      if (!partialChecksums) {
        throw new IllegalStateException("super-segments need a device that finishes checksums");
      }
      buffer.put(1, (byte) (v6 ? VNET_GSO_TCPV6 : VNET_GSO_TCPV4));
      buffer.putShort(4, Short.reverseBytes((short) segmentSize));
    }
    return finishIp(payloadLength);
  }

  public void udp(int fromPort, int toPort) {
    buffer.putShort((short) fromPort).putShort((short) toPort).putInt(0);
  }

  public ByteBuffer finishUdp(ByteBuffer payload, ByteBuffer more) {
    int payloadLength = payload.remaining() + more.remaining();
    buffer.putShort(transportOffset + 4, (short) (UDP_HEADER + payloadLength));
    transportChecksum(6, UDP_HEADER, payload, more);
    if (buffer.getShort(transportOffset + 6) == 0) {
      buffer.putShort(transportOffset + 6, (short) 0xffff);
    }
    return finishIp(payloadLength);
  }

  /**
   * An ICMP or ICMPv6 header.
   *
   * @param rest the second word, e.g. identifier and sequence number of an echo
   */
  public void icmp(int type, int code, int rest) {
    buffer.put((byte) type).put((byte) code).putShort((short) 0).putInt(rest);
  }

  public ByteBuffer finishIcmp(ByteBuffer payload, ByteBuffer more) {
    int payloadLength = payload.remaining() + more.remaining();
    long sum = fullSum(ICMP_HEADER, payload, more, v6);
    buffer.putShort(transportOffset + 2, (short) Checksum.complement(sum));
    return finishIp(payloadLength);
  }

  private void transportChecksum(
      int checksumOffset, int headerLength, ByteBuffer payload, ByteBuffer more) {
    if (!partialChecksums) {
      long sum = fullSum(headerLength, payload, more, true);
      buffer.putShort(transportOffset + checksumOffset, (short) Checksum.complement(sum));
      return;
    }
    // virtio: the field holds the pseudo-header's sum, not complemented; the kernel adds the rest.
    int length = headerLength + payload.remaining() + more.remaining();
    buffer.putShort(transportOffset + checksumOffset, (short) Checksum.fold(pseudoHeader(length)));
    buffer.put(0, (byte) VNET_NEEDS_CSUM);
    buffer.putShort(2, Short.reverseBytes((short) (buffer.position() - ipOffset)));
    buffer.putShort(6, Short.reverseBytes((short) (transportOffset - ipOffset)));
    buffer.putShort(8, Short.reverseBytes((short) checksumOffset));
  }

  private long fullSum(int headerLength, ByteBuffer payload, ByteBuffer more, boolean pseudo) {
    long sum = Checksum.sum(buffer, transportOffset, headerLength);
    sum += Checksum.sum(payload, more);
    int length = headerLength + payload.remaining() + more.remaining();
    return pseudo ? sum + pseudoHeader(length) : sum;
  }

  private long pseudoHeader(int length) {
    return Checksum.pseudoHeader(fromHigh, fromLow, toHigh, toLow, protocol, length);
  }

  private ByteBuffer finishIp(int payloadLength) {
    int headersEnd = buffer.position();
    if (v6) {
      int length = headersEnd - ipOffset - IPV6_HEADER + payloadLength;
      buffer.putShort(ipOffset + 4, (short) length);
    } else {
      buffer.putShort(ipOffset + 2, (short) (headersEnd - ipOffset + payloadLength));
      long sum = Checksum.sum(buffer, ipOffset, IPV4_HEADER);
      buffer.putShort(ipOffset + 10, (short) Checksum.complement(sum));
    }
    return buffer.flip();
  }
}
