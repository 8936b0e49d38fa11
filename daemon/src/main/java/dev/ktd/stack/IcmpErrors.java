package dev.ktd.stack;

import static dev.ktd.packet.Wire.*;

import dev.ktd.packet.HeaderBuilder;
import java.nio.ByteBuffer;
import java.util.function.LongSupplier;

/**
 * Tells local programs by ICMP that what they sent was refused (RFC 792, 1812; RFC 4443, section
 * 3.1). Only what passed the rules of {@link Addresses} gets here, and no error, no group's and no
 * nobody's packet does.
 *
 * <p>What is quoted is made anew: the IP header, and the transport header without options or
 * payload. The far side's answer comes long after the program's packet is gone, and keeping a copy
 * of every datagram for the few that are refused would cost each of them a copy. A kernel looks no
 * further than the ports, 8 bytes behind the IP header (RFC 1122, section 3.2.2).
 */
final class IcmpErrors {
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);
  private static final int LARGEST_PACKET = 0xffff;

  /** RFC 1812, section 4.3.2.8, and RFC 4443, section 2.4 (f), want a limit over all of them. */
  private static final int PER_SECOND = 1000;

  private static final int BURST = 100;

  private final Counters counters;
  private final LongSupplier clock;
  private final FrameSink out;
  private final HeaderBuilder headers;
  private final HeaderBuilder quote = new HeaderBuilder(false, false);
  private final TokenBucket bucket = new TokenBucket(RoundTrip.SECOND / PER_SECOND, BURST);

  /**
   * Errors that leave through {@code out}.
   *
   * @param clock the time of the call into the stack that is under way
   */
  IcmpErrors(StackConfig config, Counters counters, LongSupplier clock, FrameSink out) {
    this.counters = counters;
    this.clock = clock;
    this.out = out;
    headers = new HeaderBuilder(config.offloads().vnetHeader(), config.offloads().checksum());
  }

  /** The answer to a SYN that nobody wants. */
  void connection(TcpConnection to, Refusal why) {
    if (maySend(why)) {
      startQuote(to, TCP);
      quote.tcp(to.sourcePort, to.destinationPort, to.remoteInitialSequence, 0, SYN, 0);
      send(to, why, quote.finishTcp(NOTHING, NOTHING, LARGEST_PACKET));
    }
  }

  /** The last datagram of the program was refused. */
  void datagram(FlowEntry to, Refusal why) {
    if (maySend(why)) {
      startQuote(to, UDP);
      quote.udp(to.sourcePort, to.destinationPort);
      send(to, why, quote.finishUdp(NOTHING, NOTHING));
    }
  }

  /** Nobody will answer a ping. */
  void echo(EchoRequest to, Refusal why) {
    if (!maySend(why)) {
      return;
    }
    int protocol = to.v6() ? ICMPV6 : ICMP;
    quote.ip(to.sourceHigh, to.sourceLow, to.destinationHigh, to.destinationLow, protocol);
    quote.icmp(to.v6() ? ICMPV6_ECHO_REQUEST : ICMP_ECHO_REQUEST, 0, to.rest);
    ByteBuffer quoted = quote.finishIcmp(NOTHING, NOTHING);
    headers.ip(to.destinationHigh, to.destinationLow, to.sourceHigh, to.sourceLow, protocol);
    unreachable(to.v6(), why, quoted);
  }

  private boolean maySend(Refusal why) {
    if (why == Refusal.SILENT) {
      return false;
    }
    boolean may = bucket.take(clock.getAsLong());
    counters.count(may ? Counter.ICMP_ERRORS_OUT : Counter.ICMP_SUPPRESSED);
    return may;
  }

  /** Starts the packet that the program sent, as far as it is quoted. */
  private void startQuote(FlowEntry from, int protocol) {
    quote.ip(from.sourceHigh, from.sourceLow, from.destinationHigh, from.destinationLow, protocol);
  }

  private void send(FlowEntry to, Refusal why, ByteBuffer quoted) {
    int protocol = to.v6() ? ICMPV6 : ICMP;
    headers.ip(to.destinationHigh, to.destinationLow, to.sourceHigh, to.sourceLow, protocol);
    unreachable(to.v6(), why, quoted);
  }

  private void unreachable(boolean v6, Refusal why, ByteBuffer quoted) {
    int code =
        switch (why) {
          case REFUSED -> v6 ? ICMPV6_PORT : ICMP_PORT;
          case HOST_UNREACHABLE -> v6 ? 3 : 1;
          case PROHIBITED -> v6 ? 1 : 13;
          case SILENT -> throw new IllegalArgumentException("silence has no code");
        };
    headers.icmp(v6 ? ICMPV6_UNREACHABLE : ICMP_UNREACHABLE, code, 0);
    out.send(headers.finishIcmp(quoted, NOTHING), quoted, NOTHING);
  }
}
