package dev.ktd.session;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.Cidr;
import dev.ktd.os.RouteTable.Conflict;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Which networks go into the tunnel. Pure: computed from what was found and what stands in the way.
 *
 * @param networks what is reachable through the tunnel, for people and status
 * @param routes the networks less what is excluded: what the kernel gets
 * @param excluded what stays outside, as asked or needed
 * @param warnings sentences about networks of others that are touched
 */
record RoutePlan(
    List<Network> networks, List<Cidr> routes, List<Cidr> excluded, List<String> warnings) {

  /** The kinds, and who may list what finds their networks. */
  private static final Map<String, String> TOLD_BY =
      new TreeMap<>(Map.of("pods", "nodes nor pods", "services", "servicecidrs nor services"));

  /**
   * @param kind {@code services}, {@code pods} or {@code extra}
   * @param source how it was found
   */
  record Network(Cidr cidr, String kind, String source) {}

  /** The networks' addresses alone. */
  List<Cidr> cidrs() {
    return networks.stream().map(Network::cidr).toList();
  }

  /**
   * @param networks wanted in the tunnel
   * @param excludes asked for by {@code --exclude}
   * @param keepOut single addresses that must stay reachable without the tunnel: the API server,
   *     the host's resolvers
   * @param conflicts routes of others that touch a wanted network
   * @throws KtdException CONFLICT when another interface has all of a network; FORBIDDEN when there
   *     is no network at all
   */
  static RoutePlan compile(
      List<Network> networks, List<Cidr> excludes, List<Cidr> keepOut, List<Conflict> conflicts) {
    Set<Cidr> excluded = new LinkedHashSet<>(excludes);
    excluded.addAll(keepOut);
    List<String> warnings = new ArrayList<>(missing(networks));
    for (Network network : networks) {
      for (Conflict conflict : conflicts) {
        judge(network, conflict, excludes, excluded, warnings);
      }
    }
    List<Cidr> routes = networks.stream().map(Network::cidr).toList();
    for (Cidr hole : excluded) {
      routes = without(hole, routes);
    }
    return new RoutePlan(
        List.copyOf(networks), routes, List.copyOf(excluded), List.copyOf(warnings));
  }

  /** A kind that nothing was found of; who names networks knows which there are. */
  private static List<String> missing(List<Network> networks) {
    if (networks.isEmpty()) {
      throw new KtdException(
          ErrorCode.FORBIDDEN,
          "no network of the cluster was found: you may read neither servicecidrs nor services,"
              + " nodes or pods that tell of one.",
          "Name them:  ktd up --cidr 10.96.0.0/12 --cidr 10.244.0.0/16\n"
              + "Or ask for the right to list services and nodes in the whole cluster.");
    }
    Set<String> kinds = networks.stream().map(Network::kind).collect(Collectors.toSet());
    if (kinds.contains("extra")) {
      return List.of();
    }
    return TOLD_BY.entrySet().stream()
        .filter(kind -> !kinds.contains(kind.getKey()))
        .map(
            kind ->
                "no network of %s was found, so none is reachable: you may list neither %s. Name it: "
                        .formatted(kind.getKey(), kind.getValue())
                    + " ktd up --cidr NETWORK")
        .toList();
  }

  /** Whether the kernel sends what goes to {@code address} into the tunnel. */
  boolean covers(InetAddress address) {
    return routes.stream().anyMatch(route -> route.contains(address));
  }

  /** The same plan with one more address that must stay reachable without the tunnel. */
  RoutePlan keepingOut(InetAddress address) {
    if (!covers(address)) {
      return this;
    }
    Cidr hole = Cidr.of(address);
    List<Cidr> more = new ArrayList<>(excluded);
    more.add(hole);
    return new RoutePlan(networks, without(hole, routes), List.copyOf(more), warnings);
  }

  private static List<Cidr> without(Cidr hole, List<Cidr> routes) {
    return routes.stream().flatMap(part -> minus(part, hole).stream()).distinct().toList();
  }

  private static void judge(
      Network network,
      Conflict conflict,
      List<Cidr> asked,
      Set<Cidr> excluded,
      List<String> warnings) {
    Cidr wanted = network.cidr();
    Cidr theirs = conflict.network();
    if (!wanted.overlaps(theirs) || asked.stream().anyMatch(cidr -> cidr.contains(theirs))) {
      return;
    }
    if (theirs.equals(wanted)) {
      throw new KtdException(
          ErrorCode.CONFLICT,
          "the network %s (%s) is already routed by %s"
              .formatted(wanted, network.kind(), conflict.owner()),
          "Leave it to %s:  ktd up --exclude %s".formatted(conflict.owner(), wanted));
    }
    if (wanted.contains(theirs)) {
      excluded.add(theirs);
      warnings.add(
          "%s stays with %s, which routes it; %s in it are not reachable"
              .formatted(theirs, conflict.owner(), network.kind()));
    } else {
      warnings.add(
          "%s (%s) lies within %s, which %s routes; while connected it goes to the cluster"
              .formatted(wanted, network.kind(), theirs, conflict.owner()));
    }
  }

  /**
   * The parts of {@code whole} outside of {@code hole}: the halves that do not hold it, downwards.
   */
  private static List<Cidr> minus(Cidr whole, Cidr hole) {
    if (hole.contains(whole)) {
      return List.of();
    }
    if (!whole.overlaps(hole)) {
      return List.of(whole);
    }
    int length = whole.prefixLength() + 1;
    byte[] upper = whole.network().getAddress();
    upper[(length - 1) / 8] |= (byte) (0x80 >> ((length - 1) % 8));
    List<Cidr> left = new ArrayList<>(minus(Cidr.of(whole.network(), length), hole));
    try {
      left.addAll(minus(Cidr.of(InetAddress.getByAddress(upper), length), hole));
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e); // Only for lengths other than 4 and 16.
    }
    return left;
  }
}
