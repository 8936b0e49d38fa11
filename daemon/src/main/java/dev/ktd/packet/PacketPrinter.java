package dev.ktd.packet;

import static dev.ktd.packet.Wire.*;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.StringJoiner;

/** Prints frames in the manner of tcpdump, for tests and TRACE lines. Allocates freely. */
public final class PacketPrinter {
  private final Packet packet = new Packet();
  private final Quote quote = new Quote();
  private final boolean vnetHeader;

  /** A printer for frames with or without a virtio header. */
  public PacketPrinter(boolean vnetHeader) {
    this.vnetHeader = vnetHeader;
  }

  /** One line for the big-endian frame between position and limit, which stay where they are. */
  public String print(ByteBuffer frame) {
    ParseResult result = packet.parse(frame, vnetHeader);
    return switch (result) {
      case OK -> ends(true) + transport() + checks() + vnet();
      case FRAGMENT -> ends(false) + fragment();
      case UNSUPPORTED -> ends(false) + "protocol " + packet.protocol() + length();
      case TRUNCATED, NOT_IP, MALFORMED, HEADER_CHECKSUM ->
          "[" + result.name().toLowerCase(java.util.Locale.ROOT) + "], " + frame.remaining() + " B";
    };
  }

  private String ends(boolean ports) {
    boolean withPorts = ports && (packet.protocol() == TCP || packet.protocol() == UDP);
    return (packet.v6() ? "IP6 " : "IP ")
        + address(packet.sourceHigh(), packet.sourceLow())
        + (withPorts ? "." + packet.sourcePort() : "")
        + " > "
        + address(packet.destinationHigh(), packet.destinationLow())
        + (withPorts ? "." + packet.destinationPort() : "")
        + ": ";
  }

  private static String address(long high, long low) {
    InetAddress address = IpAddress.inetAddress(high, low);
    return address instanceof Inet6Address
        ? "[" + address.getHostAddress() + "]"
        : address.getHostAddress();
  }

  private String transport() {
    return switch (packet.protocol()) {
      case TCP -> tcp();
      case UDP -> "UDP" + length();
      default -> icmp();
    };
  }

  private String length() {
    return ", length "
        + (packet.protocol() == TCP || packet.protocol() == UDP
            ? packet.payloadLength()
            : packet.transportLength());
  }

  private String tcp() {
    StringBuilder line = new StringBuilder("Flags [").append(flags(packet.flags())).append("]");
    String seq = SeqNumber.text(packet.sequence());
    int end = packet.sequence() + packet.payloadLength();
    boolean isRange = packet.payloadLength() > 0;
    if (isRange || packet.has(SYN | FIN | RST)) {
      line.append(", seq ").append(seq).append(isRange ? ":" + SeqNumber.text(end) : "");
    }
    if (packet.has(ACK)) {
      line.append(", ack ").append(SeqNumber.text(packet.acknowledgment()));
    }
    line.append(", win ").append(packet.window());
    StringJoiner options = new StringJoiner(",", ", options [", "]").setEmptyValue("");
    if (packet.options().maximumSegmentSize() >= 0) {
      options.add("mss " + packet.options().maximumSegmentSize());
    }
    if (packet.options().sackPermitted()) {
      options.add("sackOK");
    }
    if (packet.options().windowScale() >= 0) {
      options.add("wscale " + packet.options().windowScale());
    }
    if (packet.options().sackBlocks() > 0) {
      options.add("sack " + packet.options().sackBlocks() + " " + sackBlocks());
    }
    return line.append(options).append(length()).toString();
  }

  private String sackBlocks() {
    StringBuilder blocks = new StringBuilder();
    for (int i = 0; i < packet.options().sackBlocks(); i++) {
      blocks.append('{').append(SeqNumber.text(packet.options().sackLeft(i))).append(':');
      blocks.append(SeqNumber.text(packet.options().sackRight(i))).append('}');
    }
    return blocks.toString();
  }

  /** As tcpdump: S, F, P, R, U, W (CWR), E (ECE), and a dot for ACK. */
  public static String flags(int flags) {
    StringBuilder text = new StringBuilder();
    text.append((flags & SYN) != 0 ? "S" : "").append((flags & FIN) != 0 ? "F" : "");
    text.append((flags & PSH) != 0 ? "P" : "").append((flags & RST) != 0 ? "R" : "");
    text.append((flags & URG) != 0 ? "U" : "").append((flags & CWR) != 0 ? "W" : "");
    text.append((flags & ECE) != 0 ? "E" : "").append((flags & ACK) != 0 ? "." : "");
    return text.isEmpty() ? "none" : text.toString();
  }

  private String icmp() {
    String name = packet.v6() ? "ICMP6, " : "ICMP ";
    int type = packet.icmpType();
    int unreachable = packet.v6() ? ICMPV6_UNREACHABLE : ICMP_UNREACHABLE;
    int request = packet.v6() ? ICMPV6_ECHO_REQUEST : ICMP_ECHO_REQUEST;
    int reply = packet.v6() ? ICMPV6_ECHO_REPLY : ICMP_ECHO_REPLY;
    if (type == request || type == reply) {
      int rest = packet.icmpRest();
      String what = type == request ? "echo request" : "echo reply";
      return name + what + ", id " + (rest >>> 16) + ", seq " + (rest & 0xffff) + length();
    }
    String what = type == unreachable ? "unreachable" : "type " + type;
    boolean tooBig =
        packet.v6()
            ? type == ICMPV6_TOO_BIG
            : type == unreachable && packet.icmpCode() == ICMP_FRAGMENTATION_NEEDED;
    String mtu =
        tooBig
            ? ", mtu " + Integer.toUnsignedString(packet.icmpRest() & (packet.v6() ? -1 : 0xffff))
            : "";
    return name + what + ", code " + packet.icmpCode() + mtu + length() + quoted(type);
  }

  /** The packet that an error is about, as far as it is there. */
  private String quoted(int type) {
    boolean isError =
        packet.v6() ? type < 128 : (type >= 3 && type <= 5) || type == 11 || type == 12;
    if (!isError || !quote.parse(packet)) {
      return "";
    }
    boolean ports = quote.protocol() == TCP || quote.protocol() == UDP;
    String what =
        switch (quote.protocol()) {
          case TCP -> "TCP, seq " + SeqNumber.text(quote.sequence());
          case UDP -> "UDP";
          case ICMP, ICMPV6 -> "ICMP type " + quote.icmpType();
          default -> "protocol " + quote.protocol();
        };
    return " quoting {"
        + address(quote.sourceHigh(), quote.sourceLow())
        + (ports ? "." + quote.sourcePort() : "")
        + " > "
        + address(quote.destinationHigh(), quote.destinationLow())
        + (ports ? "." + quote.destinationPort() : "")
        + ": "
        + what
        + ", ip length "
        + quote.length()
        + "}";
  }

  private String fragment() {
    String id = Integer.toUnsignedString(packet.fragmentId());
    String more = packet.moreFragments() ? "+" : "";
    return "frag (proto %d, id %s, offset %d, length %d%s)"
        .formatted(packet.protocol(), id, packet.fragmentOffset(), packet.transportLength(), more);
  }

  private String checks() {
    return packet.checksumHolds() ? "" : " [bad checksum]";
  }

  private String vnet() {
    if (!vnetHeader) {
      return "";
    }
    StringJoiner notes = new StringJoiner(", ", " (", ")").setEmptyValue("");
    if (packet.checksumTrusted()) {
      notes.add("csum unverified");
    }
    if (packet.gsoType() != VNET_GSO_NONE) {
      notes.add("gso " + packet.gsoSize());
    }
    return notes.toString();
  }
}
