package dev.ktd.dns;

import dev.ktd.os.Cidr;
import java.util.List;
import java.util.Set;

/** Decides who answers a name. Pure and immutable; a change is a new object. Any thread. */
public final class SplitRules {
  /**
   * @param clusterDomains the cluster's domains, the first is the one short names are completed
   *     with, e.g. {@code cluster.local}
   * @param namespaces all namespaces known now; names {@code svc.ns} work for these
   * @param extraSuffixes more suffixes that the cluster's servers answer
   * @param routed the networks routed into the cluster; addresses in them are looked up there
   * @throws dev.ktd.error.KtdException USAGE when a suffix is no domain name
   */
  public SplitRules(
      List<String> clusterDomains,
      Set<String> namespaces,
      List<String> extraSuffixes,
      List<Cidr> routed) {}

  /** The same rules with other namespaces. */
  public SplitRules withNamespaces(Set<String> namespaces) {
    return this;
  }

  /** The same rules with other routed networks. */
  public SplitRules withRouted(List<Cidr> routed) {
    return this;
  }

  /** Suffixes that are answered by the cluster, without leading or trailing dot. */
  public List<String> suffixes() {
    return List.of();
  }

  /**
   * Namespaces for which {@code svc.ns} is left to the host, because public names end in them, e.g.
   * {@code dev}. {@code svc.ns.svc} works for them as for all.
   */
  public Set<String> leftOut() {
    return Set.of();
  }
}
