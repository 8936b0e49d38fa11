package dev.ktd.stack;

import static dev.ktd.packet.Wire.*;

import dev.ktd.packet.Packet;
import dev.ktd.packet.Quote;
import java.nio.ByteBuffer;

/**
 * What the ICMP messages of the local side mean: pings for the owner; errors about packets of ours,
 * which are believed only where they quote something that we have just sent.
 */
final class IcmpInput {
  /** RFC 1191, section 7.1: sizes that networks have, for routers that do not tell theirs. */
  private static final int[] PLATEAUS = {32_000, 17_914, 8166, 4352, 2002, 1492, 1006};

  /**
   * Links may take as little as 68 bytes (RFC 1191, section 3), but today those who say so lie, to
   * have a header sent for every few bytes. Linux has the same floor: {@code
   * net.ipv4.route.min_pmtu}.
   */
  private static final int LEAST_MTU_V4 = 552;

  private static final int LEAST_MTU_V6 = 1280;

  private final StackContext context;
  private final UdpFlows datagrams;
  private final Quote quote = new Quote();

  IcmpInput(StackContext context, UdpFlows datagrams) {
    this.context = context;
    this.datagrams = datagrams;
  }

  void message(Packet message) {
    int type = message.icmpType();
    int code = message.icmpCode();
    boolean v6 = message.v6();
    if (type == (v6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO_REQUEST) && code == 0) {
      echo(message);
    } else if (v6 && type == ICMPV6_TOO_BIG) {
      about(message, Meaning.TOO_BIG);
    } else if (type != (v6 ? ICMPV6_UNREACHABLE : ICMP_UNREACHABLE)) {
      context.counters.count(Counter.DROP_ICMP);
    } else if (!v6 && code == ICMP_FRAGMENTATION_NEEDED) {
      about(message, Meaning.TOO_BIG);
    } else if (code == (v6 ? ICMPV6_PORT : ICMP_PORT)) {
      about(message, Meaning.PORT_CLOSED);
    } else {
      about(message, Meaning.SOFT);
    }
  }

  private void echo(Packet message) {
    ByteBuffer buffer = message.buffer();
    int limit = buffer.limit();
    int position = buffer.position();
    int offset = message.payloadOffset();
    buffer.limit(offset + message.payloadLength()).position(offset);
    context.handler.echo(new EchoRequest(message, context), buffer);
    buffer.limit(limit).position(position);
  }

  private enum Meaning {
    TOO_BIG,
    PORT_CLOSED,
    SOFT
  }

  private void about(Packet message, Meaning meaning) {
    // A packet of ours came from the address that this message is sent to.
    boolean ours =
        quote.parse(message)
            && quote.sourceHigh() == message.destinationHigh()
            && quote.sourceLow() == message.destinationLow();
    Counter outcome = Counter.DROP_ICMP_QUOTE;
    if (ours) {
      outcome =
          switch (meaning) {
            case TOO_BIG -> tooBig(message);
            case PORT_CLOSED -> portClosed();
            case SOFT -> softError();
          };
    }
    context.counters.count(outcome);
  }

  private Counter tooBig(Packet message) {
    int mtu = mtu(message);
    boolean news = false;
    if (mtu > 0 && quote.protocol() == TCP) {
      TcpConnection connection = context.connections.findSender(quote);
      news = connection != null && connection.lowerPathMtu(mtu, quote.sequence());
    } else if (mtu > 0 && quote.protocol() == UDP) {
      news = datagrams.lowerPathMtu(quote, mtu);
    }
    return news ? Counter.ICMP_TOO_BIG : Counter.DROP_ICMP_QUOTE;
  }

  /** What the router takes; 0 when it says nothing that is possible. */
  private int mtu(Packet message) {
    if (message.v6()) {
      // RFC 8201, section 4: a router that takes less than every link does is not to be believed.
      int mtu = message.icmpRest();
      return mtu >= LEAST_MTU_V6 ? mtu : 0;
    }
    int mtu = message.icmpRest() & 0xffff;
    if (mtu > 0) {
      return Math.max(LEAST_MTU_V4, mtu);
    }
    for (int plateau : PLATEAUS) {
      if (plateau < Math.min(quote.length(), context.config.mtu())) {
        return plateau;
      }
    }
    return LEAST_MTU_V4;
  }

  private Counter portClosed() {
    if (quote.protocol() != UDP) {
      return softError();
    }
    return datagrams.closed(quote) ? Counter.ICMP_PORT_CLOSED : Counter.DROP_ICMP_QUOTE;
  }

  /** RFC 5461: what a router says may pass, so a connection is not given up for it. */
  private Counter softError() {
    boolean known =
        switch (quote.protocol()) {
          case TCP -> context.connections.findSender(quote) != null;
          case UDP -> datagrams.knows(quote);
          default -> false;
        };
    return known ? Counter.ICMP_SOFT_ERRORS : Counter.DROP_ICMP_QUOTE;
  }
}
