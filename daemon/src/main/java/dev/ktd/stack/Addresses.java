package dev.ktd.stack;

import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Packet;
import org.jspecify.annotations.Nullable;

/**
 * The rules for addresses: both ends are single hosts, and two of them. What machines say to their
 * link (mDNS, SSDP, group reports, DHCP) enters the device, too, and is dropped without an answer:
 * RFC 1122, section 3.2.2, and RFC 4443, section 2.4 (e), forbid ICMP errors for it. The broadcast
 * address of a routed network is not known here and is a host like others.
 */
final class Addresses {
  private Addresses() {}

  /** Why a packet is dropped for its addresses; null when it is not. Allocates nothing. */
  static @Nullable Counter rejection(Packet packet) {
    long toHigh = packet.destinationHigh();
    long toLow = packet.destinationLow();
    long fromHigh = packet.sourceHigh();
    long fromLow = packet.sourceLow();
    if (IpAddress.isMulticast(toHigh, toLow)) {
      return Counter.DROP_MULTICAST;
    }
    if (IpAddress.isBroadcast(toHigh, toLow)) {
      return Counter.DROP_BROADCAST;
    }
    if (isNoHost(toHigh, toLow) || isNoHost(fromHigh, fromLow)) {
      return Counter.DROP_ADDRESS;
    }
    if (IpAddress.isLinkLocal(toHigh, toLow) || IpAddress.isLinkLocal(fromHigh, fromLow)) {
      return Counter.DROP_LINK_LOCAL;
    }
    if (fromLow == toLow && fromHigh == toHigh) {
      return Counter.DROP_LAND;
    }
    return null;
  }

  private static boolean isNoHost(long high, long low) {
    return IpAddress.isUnspecified(high, low)
        || IpAddress.isLoopback(high, low)
        || IpAddress.isMulticast(high, low)
        || IpAddress.isBroadcast(high, low);
  }
}
