package dev.ktd.os.linux;

import dev.ktd.error.ErrorCode;
import dev.ktd.os.Change;
import dev.ktd.os.Cidr;
import dev.ktd.os.Journal;
import dev.ktd.os.RouteTable;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Routes by ip(8), told from others by their protocol number (rtnetlink(7), rtm_protocol). */
final class LinuxRoutes implements RouteTable {
  /** Of nobody in iproute2's rt_protos; that file need not be changed. */
  static final int PROTOCOL = 107;

  private static final Logger log = LoggerFactory.getLogger(LinuxRoutes.class);

  private final IpCommand ip;
  private final Journal journal;

  LinuxRoutes(IpCommand ip, Journal journal) {
    this.ip = ip;
    this.journal = journal;
  }

  @Override
  public void apply(String device, List<Cidr> wanted) {
    Set<Cidr> missing = new LinkedHashSet<>(wanted);
    if (!ip.hasIpv6(device) && missing.removeIf(network -> !network.isIpv4())) {
      log.info("{} has no IPv6: the IPv6 networks are left out", device);
    }
    Set<Cidr> present =
        ip.routes("dev", device, "proto", Integer.toString(PROTOCOL)).stream()
            .flatMap(route -> route.network().stream())
            .collect(Collectors.toCollection(LinkedHashSet::new));
    Set<Cidr> surplus = new LinkedHashSet<>(present);
    surplus.removeAll(missing);
    missing.removeAll(present);

    List<String> batch = new ArrayList<>();
    surplus.forEach(network -> batch.add(line("del", network, device)));
    // "add", not "replace": a route of somebody else to the same network must stay.
    missing.forEach(network -> batch.add(line("add", network, device)));
    if (!batch.isEmpty()) {
      journal.append(new Change.RoutesAdded(PROTOCOL));
      ip.batch(batch, ErrorCode.ROUTES, "cannot set the routes into " + device);
    }
  }

  private static String line(String verb, Cidr network, String device) {
    return "route " + verb + " " + network + " dev " + device + " proto " + PROTOCOL;
  }

  @Override
  public void reset() {
    undo(PROTOCOL);
  }

  /**
   * Removes every route with {@code protocol}.
   *
   * @return how many there were
   */
  int undo(int protocol) {
    String number = Integer.toString(protocol);
    int before = ip.routes("table", "all", "proto", number).size();
    if (before > 0) {
      for (String family : ip.hasIpv6() ? List.of("-4", "-6") : List.of("-4")) {
        ip.run(
            ErrorCode.ROUTES,
            "cannot remove ktd's routes",
            family,
            "route",
            "flush",
            "table",
            "all",
            "proto",
            number);
      }
    }
    journal.forget(new Change.RoutesAdded(protocol));
    return before;
  }

  @Override
  public List<Conflict> conflicts(Cidr network) {
    // All tables: a VPN may keep its routes in one of its own, in front of "main".
    return ip.routes("table", "all").stream()
        .filter(route -> !route.table().equals("local"))
        .filter(route -> !route.protocol().equals(Integer.toString(PROTOCOL)))
        .filter(route -> !route.type().equals("multicast") && !route.type().equals("anycast"))
        .flatMap(
            route ->
                route.network().stream()
                    .filter(network::overlaps)
                    .filter(other -> other.prefixLength() > 0)
                    .map(other -> new Conflict(other, owner(route))))
        .distinct()
        .toList();
  }

  /** Routes without a device say what they do instead, e.g. {@code blackhole}. */
  private static String owner(IpCommand.Route route) {
    return route.device().isEmpty() ? route.type() : route.device();
  }
}
