package dev.ktd.relay;

import dev.ktd.os.Cidr;
import dev.ktd.stack.Refusal;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;

/**
 * Which address goes where: single addresses of ours first (the resolver's), then the cluster's
 * networks into the tunnel; all else is refused.
 *
 * @param own addresses that ktd serves itself
 * @param networks what goes into the tunnel
 * @param tunnel the way there
 */
public record Destinations(Map<InetAddress, Via> own, List<Cidr> networks, Via tunnel) {
  public Destinations {
    own = Map.copyOf(own);
    networks = List.copyOf(networks);
  }

  /** What is to be done with a flow. */
  public sealed interface Route {}

  /** The flow is opened by these two. */
  public record Via(Dialer dialer, Datagrams datagrams) implements Route {}

  /** The flow is refused. */
  public record Refused(Refusal how) implements Route {}

  /** The way to {@code destination}. */
  public Route route(InetAddress destination) {
    Via mine = own.get(destination);
    if (mine != null) {
      return mine;
    }
    if (destination.isMulticastAddress() || destination.isAnyLocalAddress()) {
      // The kernel's own chatter (mDNS, neighbour and group reports): RFC 1122 3.2.2 forbids
      // ICMP errors for it.
      return new Refused(Refusal.SILENT);
    }
    for (Cidr network : networks) {
      if (network.contains(destination)) {
        return tunnel;
      }
    }
    return new Refused(Refusal.PROHIBITED);
  }
}
