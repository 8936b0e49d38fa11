package dev.ktd.packet;

import static dev.ktd.packet.Wire.*;

import java.nio.ByteBuffer;

/**
 * The packet that an ICMP error quotes (RFC 792; RFC 4443, section 3), reused from one to the next.
 * Mostly it is cut: only its IP header and 8 bytes of what follows are sure to be there. Its
 * checksums are not verified, since routers on the way have changed it.
 */
public final class Quote {
  private static final int LEAST_TRANSPORT = 8;
  private static final int FRAGMENT_HEADER = 44;

  private ByteBuffer buffer = ByteBuffer.allocate(0);
  private boolean v6;
  private int protocol;
  private int length;
  private int transportOffset;
  private long sourceHigh;
  private long sourceLow;
  private long destinationHigh;
  private long destinationLow;

  /**
   * Finds the headers of what {@code error} quotes.
   *
   * @return false when there is no packet of the same IP version, or it is a fragment other than
   *     the first, or has other extension headers than the fragment header
   */
  public boolean parse(Packet error) {
    buffer = error.buffer();
    v6 = error.v6();
    int offset = error.payloadOffset();
    int end = offset + error.payloadLength();
    return v6 ? ipv6(offset, end) : ipv4(offset, end);
  }

  private boolean ipv4(int offset, int end) {
    if (end - offset < IPV4_HEADER) {
      return false;
    }
    int headerLength = (buffer.get(offset) & 0xf) * 4;
    transportOffset = offset + headerLength;
    boolean laterFragment = (buffer.getShort(offset + 6) & 0x1fff) != 0;
    if ((buffer.get(offset) & 0xf0) != 0x40
        || headerLength < IPV4_HEADER
        || transportOffset + LEAST_TRANSPORT > end
        || laterFragment) {
      return false;
    }
    length = buffer.getShort(offset + 2) & 0xffff;
    protocol = buffer.get(offset + 9) & 0xff;
    sourceHigh = 0;
    sourceLow = IpAddress.v4(buffer.getInt(offset + 12));
    destinationHigh = 0;
    destinationLow = IpAddress.v4(buffer.getInt(offset + 16));
    return true;
  }

  private boolean ipv6(int offset, int end) {
    if (end - offset < IPV6_HEADER || (buffer.get(offset) & 0xf0) != 0x60) {
      return false;
    }
    length = IPV6_HEADER + (buffer.getShort(offset + 4) & 0xffff);
    protocol = buffer.get(offset + 6) & 0xff;
    sourceHigh = buffer.getLong(offset + 8);
    sourceLow = buffer.getLong(offset + 16);
    destinationHigh = buffer.getLong(offset + 24);
    destinationLow = buffer.getLong(offset + 32);
    transportOffset = offset + IPV6_HEADER;
    if (protocol == FRAGMENT_HEADER) {
      if (transportOffset + IPV6_FRAGMENT_HEADER > end
          || (buffer.getShort(transportOffset + 2) & 0xfff8) != 0) {
        return false;
      }
      protocol = buffer.get(transportOffset) & 0xff;
      transportOffset += IPV6_FRAGMENT_HEADER;
    }
    return transportOffset + LEAST_TRANSPORT <= end;
  }

  public boolean v6() {
    return v6;
  }

  public int protocol() {
    return protocol;
  }

  /** Of the whole packet as its header says, in bytes; more than what is quoted. */
  public int length() {
    return length;
  }

  public long sourceHigh() {
    return sourceHigh;
  }

  public long sourceLow() {
    return sourceLow;
  }

  public long destinationHigh() {
    return destinationHigh;
  }

  public long destinationLow() {
    return destinationLow;
  }

  /** Of TCP and UDP. */
  public int sourcePort() {
    return buffer.getShort(transportOffset) & 0xffff;
  }

  /** Of TCP and UDP. */
  public int destinationPort() {
    return buffer.getShort(transportOffset + 2) & 0xffff;
  }

  /** Of TCP. */
  public int sequence() {
    return buffer.getInt(transportOffset + 4);
  }

  /** Of ICMP. */
  public int icmpType() {
    return buffer.get(transportOffset) & 0xff;
  }
}
