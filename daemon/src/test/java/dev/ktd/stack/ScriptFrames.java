package dev.ktd.stack;

import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Makes the frames of a script's programs, byte by byte from the RFCs: on purpose not by the code
 * that the stack uses.
 */
final class ScriptFrames {
  private static final int IP4_PROGRAM = 0xc612_0001;
  private static final int IP4_FAR = 0x0a2b_0709;
  private static final int KERNEL_SEGMENT = 1448;

  private final boolean v6;
  private final boolean offload;

  /** Frames of IPv4 or IPv6, bare or with a virtio header and partial checksums. */
  ScriptFrames(boolean v6, boolean offload) {
    this.v6 = v6;
    this.offload = offload;
  }

  private int ipHeader() {
    return v6 ? Wire.IPV6_HEADER : Wire.IPV4_HEADER;
  }

  /** The two ends of a conversation and where their sequence numbers begin. */
  record Ends(int programPort, int farPort, int programInitial, int farInitial) {}

  /** A TCP segment from a program to the far side. */
  ByteBuffer tcp(ScriptSegment segment, Ends ends) {
    String asked = segment.options() == null ? "" : segment.options();
    byte[] options = ScriptOptions.encode(asked, ends.farInitial());
    int header = Wire.TCP_HEADER + options.length;
    ByteBuffer tcp = ByteBuffer.allocate(header + segment.length());
    int ack = segment.ack() == null ? 0 : ends.farInitial() + (int) Long.parseLong(segment.ack());
    int window = segment.window() == null ? 0 : Integer.parseInt(segment.window());
    tcp.putShort((short) ends.programPort()).putShort((short) ends.farPort());
    tcp.putInt(ends.programInitial() + (int) segment.from()).putInt(ack);
    tcp.put((byte) ((header / 4) << 4)).put((byte) segment.flagBits()).putShort((short) window);
    tcp.putShort((short) 0).putShort((short) segment.urgent()).put(options);
    for (int i = 0; i < segment.length(); i++) {
      tcp.put(RecordedEvents.pattern(segment.from() + i));
    }
    long pseudo = pseudoHeader(Wire.TCP, tcp.capacity());
    int sum = offload ? fold(pseudo) : ~fold(pseudo + sum(tcp, 0, tcp.capacity()));
    tcp.putShort(16, (short) (segment.badChecksum() ? sum + 1 : sum));
    return frame(Wire.TCP, tcp, offload && !segment.badChecksum() ? header : 0, segment.length());
  }

  /** Too big (RFC 792, RFC 4443) about a segment that the far side sent with this number. */
  ByteBuffer tooBig(int mtu, long sequence, Ends ends) {
    ByteBuffer quote = ByteBuffer.allocate(ipHeader() + Wire.TCP_HEADER);
    ip(quote, Wire.TCP, Wire.TCP_HEADER, true);
    quote.putShort((short) ends.farPort()).putShort((short) ends.programPort());
    quote.putInt(ends.farInitial() + (int) sequence).putInt(ends.programInitial() + 1);
    quote.put((byte) 0x50).put((byte) Wire.ACK);
    ByteBuffer icmp = ByteBuffer.allocate(Wire.ICMP_HEADER + quote.capacity());
    icmp.put((byte) (v6 ? 2 : 3)).put((byte) (v6 ? 0 : 4)).putShort((short) 0).putInt(mtu);
    icmp.put(quote.clear());
    long pseudo = v6 ? pseudoHeader(Wire.ICMPV6, icmp.capacity()) : 0;
    icmp.putShort(2, (short) ~fold(pseudo + sum(icmp, 0, icmp.capacity())));
    return frame(v6 ? Wire.ICMPV6 : Wire.ICMP, icmp, 0, 0);
  }

  /** A frame; {@code partialHeader} is the TCP header whose checksum is partial, or 0. */
  private ByteBuffer frame(int protocol, ByteBuffer transport, int partialHeader, int payload) {
    int vnet = offload ? Wire.VNET_HEADER : 0;
    ByteBuffer frame = ByteBuffer.allocateDirect(vnet + ipHeader() + transport.capacity());
    if (partialHeader > 0) {
      boolean isSuper = payload > KERNEL_SEGMENT;
      frame.order(ByteOrder.LITTLE_ENDIAN).put((byte) 1);
      frame.put((byte) (isSuper ? (v6 ? Wire.VNET_GSO_TCPV6 : Wire.VNET_GSO_TCPV4) : 0));
      frame.putShort((short) (ipHeader() + partialHeader));
      frame.putShort((short) (isSuper ? KERNEL_SEGMENT : 0));
      frame.putShort((short) ipHeader()).putShort((short) 16).order(ByteOrder.BIG_ENDIAN);
    }
    frame.position(vnet);
    ip(frame, protocol, transport.capacity(), false);
    return frame.put(transport.flip()).flip();
  }

  private void ip(ByteBuffer into, int protocol, int length, boolean back) {
    int start = into.position();
    if (v6) {
      into.putInt(6 << 28).putShort((short) length).put((byte) protocol).put((byte) 64);
      into.putLong(0xfd00L << 48).putLong(back ? 2 : 1);
      into.putLong(0xfd00L << 48).putLong(back ? 1 : 2);
    } else {
      into.putShort((short) 0x4500).putShort((short) (Wire.IPV4_HEADER + length));
      into.putInt(0x4000).put((byte) 64).put((byte) protocol).putShort((short) 0);
      into.putInt(back ? IP4_FAR : IP4_PROGRAM).putInt(back ? IP4_PROGRAM : IP4_FAR);
      into.putShort(start + 10, (short) ~fold(sum(into, start, Wire.IPV4_HEADER)));
    }
  }

  private long pseudoHeader(int protocol, int length) {
    ByteBuffer pseudo = ByteBuffer.allocate(40);
    if (v6) {
      pseudo.putLong(0xfd00L << 48).putLong(1).putLong(0xfd00L << 48).putLong(2);
    } else {
      pseudo.putInt(IP4_PROGRAM).putInt(IP4_FAR);
    }
    return sum(pseudo.putInt(length).putInt(protocol), 0, 40);
  }

  private static long sum(ByteBuffer bytes, int from, int length) {
    long sum = 0;
    for (int i = 0; i < length; i++) {
      int value = bytes.get(from + i) & 0xff;
      sum += (i % 2 == 0) ? value << 8 : value;
    }
    return sum;
  }

  private static int fold(long sum) {
    long folded = sum;
    while (folded >>> 16 != 0) {
      folded = (folded & 0xffff) + (folded >>> 16);
    }
    return (int) folded;
  }
}
