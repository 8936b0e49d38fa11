package dev.ktd.session;

import dev.ktd.control.Request;
import dev.ktd.k8s.Cluster;
import dev.ktd.k8s.NetworkDiscovery;
import dev.ktd.os.Cidr;
import dev.ktd.os.Host;
import dev.ktd.os.RouteTable;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds what a session routes: the cluster's networks, without what must stay outside. */
final class RouteSearch {
  private static final Logger LOG = LoggerFactory.getLogger(RouteSearch.class);

  private RouteSearch() {}

  /**
   * Finds them; asks the cluster.
   *
   * @throws dev.ktd.error.KtdException CONFLICT when another interface has all of a network, or as
   *     the cluster says
   */
  static RoutePlan find(Host host, Request.Up request, Cluster cluster) {
    List<RoutePlan.Network> networks =
        Stream.concat(
                NetworkDiscovery.discover(cluster).stream()
                    .map(
                        found ->
                            new RoutePlan.Network(
                                Cidr.parse(found.cidr()), found.kind().toString(), found.source())),
                request.cidrs().stream()
                    .map(cidr -> new RoutePlan.Network(Cidr.parse(cidr), "extra", "--cidr")))
            .toList();
    List<RouteTable.Conflict> conflicts =
        networks.stream().flatMap(n -> host.routes().conflicts(n.cidr()).stream()).toList();
    return RoutePlan.compile(
        networks,
        request.excludes().stream().map(Cidr::parse).toList(),
        keepOut(host, reached(cluster)),
        conflicts);
  }

  /** To whom we connect: the API server, or the proxy that does it for us. */
  private static URI reached(Cluster cluster) {
    URI proxy = cluster.proxy();
    return proxy == null ? cluster.uri() : proxy;
  }

  /** What the tunnel itself and all other names need without the tunnel. */
  static List<Cidr> keepOut(Host host, URI reached) {
    List<Cidr> addresses = new ArrayList<>();
    try {
      for (InetAddress address : InetAddress.getAllByName(reached.getHost())) {
        addresses.add(Cidr.of(address));
      }
    } catch (UnknownHostException e) {
      // It answered a moment ago under this name.
      LOG.info("{} has no address here: {}", reached.getHost(), e.getMessage());
    }
    host.resolver().current().servers().forEach(server -> addresses.add(Cidr.of(server)));
    return addresses.stream().filter(cidr -> !cidr.network().isLoopbackAddress()).toList();
  }
}
