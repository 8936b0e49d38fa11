package dev.ktd.dns;

import dev.ktd.os.Cidr;
import dev.ktd.os.HostResolver;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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
   * The plan for these facts.
   *
   * @param host what the host has without us; its servers that are ours are left out
   * @throws dev.ktd.error.KtdException USAGE when an extra suffix is no domain name
   */
  public static DnsPlan compile(Facts facts, HostResolver.Current host) {
    String domain = clusterDomain(facts.podSearch());
    SplitRules rules =
        new SplitRules(List.of(domain), facts.namespaces(), facts.extraSuffixes(), facts.routed());
    List<InetAddress> hostServers =
        host.servers().stream().filter(server -> !server.equals(facts.server())).toList();
    List<String> search = List.of(facts.namespace() + ".svc." + domain, "svc." + domain, domain);
    List<String> split = new ArrayList<>(rules.suffixes());
    split.add("svc");
    split.addAll(rules.shortNamespaces());
    return new DnsPlan(
        rules, hostServers, new HostResolver.Wanted(facts.server(), search, List.copyOf(split)));
  }

  /**
   * The cluster's domain by a pod's search list: what follows {@code svc.} in it (kubelet writes
   * {@code ns.svc.domain svc.domain domain} before the node's own). {@code cluster.local} when it
   * does not say.
   */
  public static String clusterDomain(List<String> podSearch) {
    for (String entry : podSearch) {
      String bare = entry.endsWith(".") ? entry.substring(0, entry.length() - 1) : entry;
      if (bare.startsWith("svc.") && bare.length() > 4) {
        return bare.substring(4).toLowerCase(Locale.ROOT);
      }
    }
    return "cluster.local";
  }
}
