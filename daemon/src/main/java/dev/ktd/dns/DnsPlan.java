package dev.ktd.dns;

import dev.ktd.os.Cidr;
import dev.ktd.os.HostResolver;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;

/**
 * Everything that is to be set so that names work: computed at once from facts, then given to its
 * setters ({@link DnsServer#rules}, {@link HostServers#servers}, {@link HostResolver#apply}). Pure.
 *
 * @param rules for our own resolver
 * @param hostServers the host's servers that our resolver passes other names to
 * @param wanted for the host
 */
public record DnsPlan(SplitRules rules, List<InetAddress> hostServers, HostResolver.Wanted wanted) {
  /**
   * @param server virtual address of our resolver
   * @param namespace the session's namespace
   * @param namespaces all namespaces the person may list, or only the session's
   * @param podSearch the search list of the proxy pod; the cluster's domain is read from it
   * @param extraSuffixes as given by {@code --dns-suffix}
   * @param routed the networks routed into the cluster
   */
  public record Facts(
      InetAddress server,
      String namespace,
      Set<String> namespaces,
      List<String> podSearch,
      List<String> extraSuffixes,
      List<Cidr> routed) {}

  /**
   * @throws dev.ktd.error.KtdException USAGE when an extra suffix is no domain name
   */
  public static DnsPlan compile(Facts facts, HostResolver.Current host) {
    return new DnsPlan(
        new SplitRules(List.of(), Set.of(), List.of(), List.of()),
        List.of(),
        new HostResolver.Wanted(facts.server(), List.of(), List.of()));
  }

  /** The cluster's domain by a pod's search list; {@code cluster.local} when it does not say. */
  public static String clusterDomain(List<String> podSearch) {
    return "cluster.local";
  }
}
