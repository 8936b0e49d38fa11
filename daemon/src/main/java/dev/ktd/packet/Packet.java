package dev.ktd.packet;

import static dev.ktd.packet.Wire.*;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A view of one frame, reused from frame to frame: {@link #parse} finds the headers, the accessors
 * read what it found. All offsets are absolute in {@link #buffer}, which belongs to the caller of
 * parse and must stay as it is while the view is used. Not for use by two threads.
 */
public final class Packet {
  private static final int MOST_EXTENSION_HEADERS = 8;

  private final TcpOptions options = new TcpOptions();
  private ByteBuffer buffer = ByteBuffer.allocate(0);
  private int ipOffset;
  private boolean v6;
  private long sourceHigh;
  private long sourceLow;
  private long destinationHigh;
  private long destinationLow;
  private int protocol;
  private int transportOffset;
  private int transportLength;
  private int payloadOffset;
  private int payloadLength;
  private boolean checksumTrusted;
  private int gsoType;
  private int gsoSize;
  private int fragmentId;
  private int fragmentOffset;
  private boolean moreFragments;
  private int flags;

  /**
   * Finds the headers of the frame between position and limit; both stay where they are. The
   * checksum of TCP, UDP and ICMP is left to {@link #checksumHolds}.
   *
   * @param frame big-endian
   * @param vnetHeader the frame starts with a virtio header
   */
  public ParseResult parse(ByteBuffer frame, boolean vnetHeader) {
    if (frame.order() != ByteOrder.BIG_ENDIAN) {
      throw new IllegalArgumentException("frames are read big-endian");
    }
    buffer = frame;
    ipOffset = frame.position();
    checksumTrusted = false;
    gsoType = VNET_GSO_NONE;
    gsoSize = 0;
    fragmentId = 0;
    fragmentOffset = 0;
    moreFragments = false;
    flags = 0;
    options.clear();
    if (vnetHeader) {
      if (frame.remaining() < VNET_HEADER) {
        return ParseResult.TRUNCATED;
      }
      checksumTrusted = (frame.get(ipOffset) & (VNET_NEEDS_CSUM | VNET_DATA_VALID)) != 0;
      gsoType = frame.get(ipOffset + 1) & 0xff & ~VNET_GSO_ECN;
      gsoSize = Short.reverseBytes(frame.getShort(ipOffset + 4)) & 0xffff;
      ipOffset += VNET_HEADER;
    }
    int length = frame.limit() - ipOffset;
    if (length < 1) {
      return ParseResult.TRUNCATED;
    }
    int version = frame.get(ipOffset) >>> 4 & 0xf;
    v6 = version == 6;
    ParseResult network =
        switch (version) {
          case 4 -> ipv4(length);
          case 6 -> ipv6(length);
          default -> ParseResult.NOT_IP;
        };
    return network == ParseResult.OK ? transport() : network;
  }

  private ParseResult ipv4(int length) {
    if (length < IPV4_HEADER) {
      return ParseResult.TRUNCATED;
    }
    int headerLength = (buffer.get(ipOffset) & 0xf) * 4;
    int totalLength = buffer.getShort(ipOffset + 2) & 0xffff;
    if (headerLength < IPV4_HEADER || totalLength < headerLength) {
      return ParseResult.MALFORMED;
    }
    if (totalLength > length) {
      return ParseResult.TRUNCATED;
    }
    if (Checksum.fold(Checksum.sum(buffer, ipOffset, headerLength)) != 0xffff) {
      return ParseResult.HEADER_CHECKSUM;
    }
    sourceHigh = 0;
    sourceLow = IpAddress.v4(buffer.getInt(ipOffset + 12));
    destinationHigh = 0;
    destinationLow = IpAddress.v4(buffer.getInt(ipOffset + 16));
    protocol = buffer.get(ipOffset + 9) & 0xff;
    transportOffset = ipOffset + headerLength;
    transportLength = totalLength - headerLength;
    int fragment = buffer.getShort(ipOffset + 6) & 0xffff;
    moreFragments = (fragment & 0x2000) != 0;
    fragmentOffset = (fragment & 0x1fff) * 8;
    fragmentId = buffer.getShort(ipOffset + 4) & 0xffff;
    return moreFragments || fragmentOffset > 0 ? ParseResult.FRAGMENT : ParseResult.OK;
  }

  private ParseResult ipv6(int length) {
    if (length < IPV6_HEADER) {
      return ParseResult.TRUNCATED;
    }
    int payload = buffer.getShort(ipOffset + 4) & 0xffff;
    if (payload > length - IPV6_HEADER) {
      return ParseResult.TRUNCATED;
    }
    sourceHigh = buffer.getLong(ipOffset + 8);
    sourceLow = buffer.getLong(ipOffset + 16);
    destinationHigh = buffer.getLong(ipOffset + 24);
    destinationLow = buffer.getLong(ipOffset + 32);
    if (IpAddress.isV4(sourceHigh, sourceLow) || IpAddress.isV4(destinationHigh, destinationLow)) {
      return ParseResult.MALFORMED;
    }
    protocol = buffer.get(ipOffset + 6) & 0xff;
    transportOffset = ipOffset + IPV6_HEADER;
    transportLength = payload;
    return extensionHeaders();
  }

  /** RFC 8200, section 4: hop-by-hop, routing, destination options, AH; and fragments. */
  private ParseResult extensionHeaders() {
    for (int i = 0; i < MOST_EXTENSION_HEADERS; i++) {
      int header = protocol;
      if (header != 0 && header != 43 && header != 44 && header != 51 && header != 60) {
        return ParseResult.OK;
      }
      if (transportLength < 8) {
        return ParseResult.TRUNCATED;
      }
      int units = buffer.get(transportOffset + 1) & 0xff;
      int size = header == 44 ? 8 : header == 51 ? (units + 2) * 4 : (units + 1) * 8;
      if (size > transportLength) {
        return ParseResult.TRUNCATED;
      }
      if (header == 44) {
        int fragment = buffer.getShort(transportOffset + 2) & 0xffff;
        fragmentOffset = fragment & 0xfff8;
        moreFragments = (fragment & 1) != 0;
        fragmentId = buffer.getInt(transportOffset + 4);
      }
      protocol = buffer.get(transportOffset) & 0xff;
      transportOffset += size;
      transportLength -= size;
      if (moreFragments || fragmentOffset > 0) {
        return ParseResult.FRAGMENT;
      }
    }
    return ParseResult.MALFORMED;
  }

  private ParseResult transport() {
    return switch (protocol) {
      case TCP -> tcp();
      case UDP -> udp();
      case ICMP -> v6 ? ParseResult.UNSUPPORTED : icmp();
      case ICMPV6 -> v6 ? icmp() : ParseResult.UNSUPPORTED;
      default -> ParseResult.UNSUPPORTED;
    };
  }

  private ParseResult tcp() {
    if (transportLength < TCP_HEADER) {
      return ParseResult.TRUNCATED;
    }
    int headerLength = (buffer.get(transportOffset + 12) >>> 4 & 0xf) * 4;
    if (headerLength < TCP_HEADER) {
      return ParseResult.MALFORMED;
    }
    if (headerLength > transportLength) {
      return ParseResult.TRUNCATED;
    }
    flags = buffer.get(transportOffset + 13) & 0xff;
    if (headerLength > TCP_HEADER) {
      options.parse(buffer, transportOffset + TCP_HEADER, headerLength - TCP_HEADER);
    }
    payloadOffset = transportOffset + headerLength;
    payloadLength = transportLength - headerLength;
    return ParseResult.OK;
  }

  private ParseResult udp() {
    if (transportLength < UDP_HEADER) {
      return ParseResult.TRUNCATED;
    }
    int length = buffer.getShort(transportOffset + 4) & 0xffff;
    // In a super-datagram the field may be that of one segment; the IP length rules there.
    if (gsoType != VNET_GSO_UDP_L4) {
      if (length < UDP_HEADER) {
        return ParseResult.MALFORMED;
      }
      if (length > transportLength) {
        return ParseResult.TRUNCATED;
      }
      transportLength = length;
    }
    payloadOffset = transportOffset + UDP_HEADER;
    payloadLength = transportLength - UDP_HEADER;
    return ParseResult.OK;
  }

  private ParseResult icmp() {
    if (transportLength < ICMP_HEADER) {
      return ParseResult.TRUNCATED;
    }
    payloadOffset = transportOffset + ICMP_HEADER;
    payloadLength = transportLength - ICMP_HEADER;
    return ParseResult.OK;
  }

  /**
   * Whether the TCP, UDP or ICMP checksum is right. Frames of the local kernel carry an unfinished
   * one (NEEDS_CSUM) or were verified already (DATA_VALID); these are not looked at.
   */
  public boolean checksumHolds() {
    if (checksumTrusted) {
      return true;
    }
    if (protocol == UDP && buffer.getShort(transportOffset + 6) == 0) {
      // RFC 768: none was computed. RFC 8200 forbids that in IPv6.
      return !v6;
    }
    long sum = Checksum.sum(buffer, transportOffset, transportLength);
    if (protocol != ICMP) {
      sum +=
          Checksum.pseudoHeader(
              sourceHigh, sourceLow, destinationHigh, destinationLow, protocol, transportLength);
    }
    return Checksum.fold(sum) == 0xffff;
  }

  public ByteBuffer buffer() {
    return buffer;
  }

  public boolean v6() {
    return v6;
  }

  public int protocol() {
    return protocol;
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

  /** Where the IP header starts. */
  public int ipOffset() {
    return ipOffset;
  }

  public int transportOffset() {
    return transportOffset;
  }

  /** Header and payload of the transport protocol, in bytes. */
  public int transportLength() {
    return transportLength;
  }

  public int payloadOffset() {
    return payloadOffset;
  }

  public int payloadLength() {
    return payloadLength;
  }

  /** One of {@code Wire.VNET_GSO_*}, without the ECN bit. */
  public int gsoType() {
    return gsoType;
  }

  public int gsoSize() {
    return gsoSize;
  }

  /** Whether nobody needs to verify the transport checksum. */
  public boolean checksumTrusted() {
    return checksumTrusted;
  }

  public int fragmentId() {
    return fragmentId;
  }

  /** In bytes. */
  public int fragmentOffset() {
    return fragmentOffset;
  }

  public boolean moreFragments() {
    return moreFragments;
  }

  /** Of TCP and UDP. */
  public int sourcePort() {
    return buffer.getShort(transportOffset) & 0xffff;
  }

  /** Of TCP and UDP. */
  public int destinationPort() {
    return buffer.getShort(transportOffset + 2) & 0xffff;
  }

  public int sequence() {
    return buffer.getInt(transportOffset + 4);
  }

  public int acknowledgment() {
    return buffer.getInt(transportOffset + 8);
  }

  /** TCP's flags: {@code Wire.FIN} and so on; 0 for other protocols. */
  public int flags() {
    return flags;
  }

  public boolean has(int flag) {
    return (flags & flag) != 0;
  }

  /** As on the wire, not scaled. */
  public int window() {
    return buffer.getShort(transportOffset + 14) & 0xffff;
  }

  /** TCP's options; empty for other protocols. */
  public TcpOptions options() {
    return options;
  }

  public int icmpType() {
    return buffer.get(transportOffset) & 0xff;
  }

  public int icmpCode() {
    return buffer.get(transportOffset + 1) & 0xff;
  }

  /** Identifier and sequence number of an echo. */
  public int icmpRest() {
    return buffer.getInt(transportOffset + 4);
  }
}
