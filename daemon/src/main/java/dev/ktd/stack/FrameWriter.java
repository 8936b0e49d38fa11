package dev.ktd.stack;

import static dev.ktd.packet.Wire.*;

import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Packet;
import dev.ktd.packet.TcpOptions;
import java.nio.ByteBuffer;

/** Makes frames for the local programs and hands them to the device. */
final class FrameWriter {
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);
  private static final int LARGEST_PACKET = 0xffff;

  private final StackConfig config;
  private final Counters counters;
  private final FrameSink out;
  private final HeaderBuilder headers;

  /** For packets that are fragmented, which are not frames by themselves. */
  private final HeaderBuilder inner = new HeaderBuilder(false, false);

  private final ByteBuffer scratch = ByteBuffer.allocateDirect(LARGEST_PACKET + 1);
  private final ByteBuffer piece = scratch.duplicate();
  private final int[] sackOrder = new int[TcpOptions.MOST_SACK_BLOCKS];
  private int fragmentId;

  FrameWriter(StackConfig config, Counters counters, FrameSink out) {
    this.config = config;
    this.counters = counters;
    this.out = out;
    headers = new HeaderBuilder(config.offloads().vnetHeader(), config.offloads().checksum());
  }

  /** Hands a frame to the device and counts it. */
  boolean send(ByteBuffer head, ByteBuffer payload, ByteBuffer more) {
    if (out.send(head, payload, more)) {
      counters.count(Counter.FRAMES_OUT);
      return true;
    }
    counters.count(Counter.DROP_DEVICE);
    return false;
  }

  /** Sends a payload that belongs to a caller, who expects it to stay as it is. */
  private void sendOwned(ByteBuffer head, ByteBuffer payload) {
    int position = payload.position();
    int limit = payload.limit();
    send(head, payload, NOTHING);
    payload.limit(limit).position(position);
  }

  // TCP.

  /** A segment without payload; unless it resets, it says which segments came too early. */
  boolean control(TcpConnection to, int sequence, int acknowledgment, int flags, int window) {
    startIp(headers, to, TCP);
    headers.tcp(to.destinationPort, to.sourcePort, sequence, acknowledgment, flags, window);
    if ((flags & RST) == 0) {
      sack(to, to.receive.hasRepeat());
    }
    return send(headers.finishTcp(NOTHING, NOTHING, LARGEST_PACKET), NOTHING, NOTHING);
  }

  boolean synAck(TcpConnection to, int window) {
    startIp(headers, to, TCP);
    int sequence = to.initialSequence;
    int acknowledgment = to.remoteInitialSequence + 1;
    headers.tcp(to.destinationPort, to.sourcePort, sequence, acknowledgment, SYN | ACK, window);
    headers.maximumSegmentSize(to.largestOwnSegment());
    if (to.scaled) {
      headers.windowScale(to.receive.scale());
    }
    if (to.selective) {
      headers.sackPermitted();
    }
    return send(headers.finishTcp(NOTHING, NOTHING, LARGEST_PACKET), NOTHING, NOTHING);
  }

  /** The planned segment of the connection's sending half. */
  boolean data(TcpConnection to, int flags, int window) {
    SendHalf half = to.send;
    ByteBuffer first = half.planFirst();
    ByteBuffer second = half.planSecond();
    startIp(headers, to, TCP);
    int acknowledgment = to.receive.nextSequence();
    headers.tcp(
        to.destinationPort, to.sourcePort, half.planSequence(), acknowledgment, flags, window);
    sack(to, false);
    return send(headers.finishTcp(first, second, half.planSegment()), first, second);
  }

  /** Bytes of options in a segment with payload. */
  static int options(TcpConnection to) {
    int blocks = to.selective ? Math.min(TcpOptions.MOST_SACK_BLOCKS, to.receive.holes()) : 0;
    return blocks == 0 ? 0 : 4 + 8 * blocks;
  }

  /** RFC 2018, section 4: the block that was received last comes first, RFC 2883: or a repeat. */
  private void sack(TcpConnection to, boolean repeat) {
    ReceiveHalf half = to.receive;
    if (!to.selective || (half.holes() == 0 && !repeat)) {
      return;
    }
    int room = TcpOptions.MOST_SACK_BLOCKS - (repeat ? 1 : 0);
    int blocks = Math.min(room, half.early(sackOrder));
    headers.sack(blocks + (repeat ? 1 : 0));
    if (repeat) {
      headers.sackBlock(half.repeatStart(), half.repeatEnd());
      half.repeatTold();
    }
    for (int i = 0; i < blocks; i++) {
      headers.sackBlock(half.earlyStart(sackOrder[i]), half.earlyEnd(sackOrder[i]));
    }
  }

  /** RFC 9293, section 3.5.2: the answer to a segment that belongs to nothing. */
  void reset(Packet packet) {
    if (packet.has(RST)) {
      return;
    }
    counters.count(Counter.TCP_RESETS_OUT);
    startBackIp(packet, TCP);
    int length = packet.payloadLength() + (packet.has(SYN) ? 1 : 0) + (packet.has(FIN) ? 1 : 0);
    if (packet.has(ACK)) {
      int sequence = packet.acknowledgment();
      headers.tcp(packet.destinationPort(), packet.sourcePort(), sequence, 0, RST, 0);
    } else {
      int acknowledgment = packet.sequence() + length;
      headers.tcp(packet.destinationPort(), packet.sourcePort(), 0, acknowledgment, RST | ACK, 0);
    }
    send(headers.finishTcp(NOTHING, NOTHING, LARGEST_PACKET), NOTHING, NOTHING);
  }

  /** RFC 9293, section 3.10.7.1: the answer to a SYN for a closed port. */
  void refuse(TcpConnection to) {
    counters.count(Counter.TCP_RESETS_OUT);
    control(to, 0, to.remoteInitialSequence + 1, RST | ACK, 0);
  }

  // UDP.

  /**
   * A datagram to the program, in fragments where it is longer than the way to it is wide.
   *
   * @param mtu of the path, at most that of the device
   */
  void datagram(FlowEntry to, ByteBuffer payload, int mtu) {
    int ip = to.v6() ? IPV6_HEADER : IPV4_HEADER;
    int length = UDP_HEADER + payload.remaining();
    if (length > LARGEST_PACKET - ip) {
      counters.count(Counter.DROP_TOO_LONG);
    } else if (ip + length <= mtu) {
      ByteBuffer direct = direct(payload);
      startIp(headers, to, UDP);
      headers.udp(to.destinationPort, to.sourcePort);
      sendOwned(headers.finishUdp(direct, NOTHING), direct);
    } else {
      startIp(inner, to, UDP);
      inner.udp(to.destinationPort, to.sourcePort);
      ByteBuffer head = inner.finishUdp(payload, NOTHING);
      head.position(head.limit() - UDP_HEADER);
      compose(head, payload);
      fragments(to.destinationHigh, to.destinationLow, to.sourceHigh, to.sourceLow, UDP, mtu);
    }
  }

  // ICMP.

  void echoReply(EchoRequest to, ByteBuffer payload) {
    int ip = to.v6() ? IPV6_HEADER : IPV4_HEADER;
    int length = ICMP_HEADER + payload.remaining();
    int protocol = to.v6() ? ICMPV6 : ICMP;
    int type = to.v6() ? ICMPV6_ECHO_REPLY : ICMP_ECHO_REPLY;
    if (length > LARGEST_PACKET - ip) {
      counters.count(Counter.DROP_TOO_LONG);
      return;
    }
    boolean whole = ip + length <= config.mtu();
    HeaderBuilder builder = whole ? headers : inner;
    builder.ip(to.destinationHigh, to.destinationLow, to.sourceHigh, to.sourceLow, protocol);
    builder.icmp(type, 0, to.rest);
    if (whole) {
      ByteBuffer direct = direct(payload);
      sendOwned(builder.finishIcmp(direct, NOTHING), direct);
    } else {
      ByteBuffer head = builder.finishIcmp(payload, NOTHING);
      head.position(head.limit() - ICMP_HEADER);
      compose(head, payload);
      fragments(
          to.destinationHigh,
          to.destinationLow,
          to.sourceHigh,
          to.sourceLow,
          protocol,
          config.mtu());
    }
  }

  // IP.

  private static void startIp(HeaderBuilder builder, FlowEntry to, int protocol) {
    builder.ip(to.destinationHigh, to.destinationLow, to.sourceHigh, to.sourceLow, protocol);
  }

  private void startBackIp(Packet packet, int protocol) {
    headers.ip(
        packet.destinationHigh(),
        packet.destinationLow(),
        packet.sourceHigh(),
        packet.sourceLow(),
        protocol);
  }

  private ByteBuffer direct(ByteBuffer payload) {
    if (payload.isDirect()) {
      return payload;
    }
    int length = payload.remaining();
    scratch.clear(); // Its limit may be the end of a shorter one.
    scratch.put(0, payload, payload.position(), length);
    return piece.limit(length).position(0);
  }

  /** Puts a transport header and its payload together in the scratch buffer. */
  private void compose(ByteBuffer head, ByteBuffer payload) {
    scratch.clear();
    scratch.put(head);
    scratch.put(scratch.position(), payload, payload.position(), payload.remaining());
    scratch.limit(scratch.position() + payload.remaining()).position(0);
  }

  /** Sends what was composed, in pieces that fit the device. */
  private void fragments(
      long fromHigh, long fromLow, long toHigh, long toLow, int protocol, int mtu) {
    boolean v6 = protocol == ICMPV6 || !IpAddress.isV4(fromHigh, fromLow);
    int ip = v6 ? IPV6_HEADER + IPV6_FRAGMENT_HEADER : IPV4_HEADER;
    int most = (mtu - ip) & ~7;
    int length = scratch.limit();
    int id = ++fragmentId;
    for (int offset = 0; offset < length; offset += most) {
      int size = Math.min(most, length - offset);
      headers.ip(fromHigh, fromLow, toHigh, toLow, protocol);
      headers.fragment(id, offset, offset + size < length);
      piece.limit(offset + size).position(offset);
      if (!send(headers.finish(size), piece, NOTHING)) {
        return;
      }
    }
  }
}
