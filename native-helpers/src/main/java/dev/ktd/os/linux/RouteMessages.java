package dev.ktd.os.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Reads what the kernel tells of links, addresses and routes (netlink(7), rtnetlink(7)), as far as
 * it must be known whether it is about one's own interface only. One thread.
 */
final class RouteMessages {
  private static final int NLMSG_HEADER = 16;
  private static final int ATTRIBUTE_HEADER = 4;

  private static final int RTM_NEWLINK = 16;
  private static final int RTM_DELLINK = 17;
  private static final int RTM_NEWADDR = 20;
  private static final int RTM_DELADDR = 21;
  private static final int RTM_NEWROUTE = 24;
  private static final int RTM_DELROUTE = 25;

  private static final int IFINFOMSG = 16;
  private static final int RTMSG = 12;
  private static final int IFLA_IFNAME = 3;
  private static final int RTA_OIF = 4;

  private final byte[] own;
  private int ownIndex;

  /**
   * @param own name of one's own interface
   * @param ownIndex its number, or 0 while it does not exist
   */
  RouteMessages(String own, int ownIndex) {
    this.own = own.getBytes(StandardCharsets.US_ASCII);
    this.ownIndex = ownIndex;
  }

  /**
   * Whether one of the messages is about anything but the own interface. What is malformed is:
   * rather one probe too many.
   *
   * @param messages what one read of the socket gave, from position to limit
   */
  boolean concernOthers(ByteBuffer messages) {
    ByteBuffer in = messages.slice().order(ByteOrder.nativeOrder());
    boolean others = false;
    int at = 0;
    while (in.limit() - at >= NLMSG_HEADER) {
      int length = in.getInt(at);
      if (length < NLMSG_HEADER || length > in.limit() - at) {
        return true;
      }
      // All are read, also after the first hit: one may tell the number of our interface.
      others |= concernsOthers(in.getShort(at + 4), in.slice(at + 16, length - 16));
      at += Math.min(aligned(length), in.limit() - at);
    }
    return others;
  }

  private boolean concernsOthers(int type, ByteBuffer slice) {
    ByteBuffer body = slice.order(ByteOrder.nativeOrder());
    return switch (type) {
      case RTM_NEWLINK, RTM_DELLINK -> !isOwnLink(body);
      // struct ifaddrmsg: four bytes, then the interface.
      case RTM_NEWADDR, RTM_DELADDR -> body.limit() < 8 || !isOwn(body.getInt(4));
      case RTM_NEWROUTE, RTM_DELROUTE -> {
        int out = attribute(body, RTMSG, RTA_OIF);
        yield out < 0 || !isOwn(body.getInt(out));
      }
      default -> false;
    };
  }

  private boolean isOwnLink(ByteBuffer body) {
    int name = attribute(body, IFINFOMSG, IFLA_IFNAME);
    if (name < 0) {
      return false;
    }
    for (int i = 0; i <= own.length; i++) {
      byte wanted = i < own.length ? own[i] : 0;
      if (name + i >= body.limit() || body.get(name + i) != wanted) {
        return false;
      }
    }
    ownIndex = body.getInt(4); // struct ifinfomsg
    return true;
  }

  private boolean isOwn(int index) {
    return ownIndex != 0 && index == ownIndex;
  }

  /** Where the value of an attribute of at least 4 bytes begins; -1 without it. */
  private static int attribute(ByteBuffer body, int from, int wanted) {
    int at = from;
    while (body.limit() - at >= ATTRIBUTE_HEADER) {
      int length = Short.toUnsignedInt(body.getShort(at));
      if (length < ATTRIBUTE_HEADER || length > body.limit() - at) {
        return -1;
      }
      if (body.getShort(at + 2) == wanted && length >= ATTRIBUTE_HEADER + 4) {
        return at + ATTRIBUTE_HEADER;
      }
      at += aligned(length);
    }
    return -1;
  }

  private static int aligned(int length) {
    return (length + 3) & ~3;
  }
}
