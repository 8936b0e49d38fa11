package dev.ktd.dns;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.Cidr;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.TextParseException;

/**
 * Decides who answers a name. Pure and immutable; a change is a new object. Any thread.
 *
 * <p>In this order, the first that fits:
 *
 * <ol>
 *   <li>the cluster's domains and the extra suffixes, and all below them: the cluster, as it is;
 *   <li>reverse names of addresses that are routed into the cluster: the cluster, as it is;
 *   <li>{@code ....svc}: the cluster, completed with its domain;
 *   <li>{@code svc.ns} and {@code pod.svc.ns}, where the last label is a namespace and not the end
 *       of public names ({@link #leftOut}): the cluster, completed with {@code svc} and its domain;
 *   <li>all others, single labels too (the search list turns them into full names): the host.
 * </ol>
 */
public final class SplitRules {
  private static final Name SVC = Name.fromConstantString("svc.");

  private final List<Name> domains;
  private final Set<String> namespaces;
  private final List<Name> extraSuffixes;
  private final List<Cidr> routed;

  /**
   * @param clusterDomains the cluster's domains, at least one; the first is the one short names are
   *     completed with, e.g. {@code cluster.local}
   * @param namespaces all namespaces known now; names {@code svc.ns} work for these
   * @param extraSuffixes more suffixes that the cluster's servers answer
   * @param routed the networks routed into the cluster; addresses in them are looked up there
   * @throws dev.ktd.error.KtdException USAGE when a suffix is no domain name
   */
  public SplitRules(
      List<String> clusterDomains,
      Set<String> namespaces,
      List<String> extraSuffixes,
      List<Cidr> routed) {
    if (clusterDomains.isEmpty()) {
      throw new IllegalArgumentException("no cluster domain");
    }
    this.domains = clusterDomains.stream().map(SplitRules::suffix).toList();
    this.namespaces = Set.copyOf(namespaces);
    this.extraSuffixes = extraSuffixes.stream().map(SplitRules::suffix).toList();
    this.routed = List.copyOf(routed);
  }

  /** The same rules with other namespaces. */
  public SplitRules withNamespaces(Set<String> namespaces) {
    return new SplitRules(texts(domains), namespaces, texts(extraSuffixes), routed);
  }

  /** The same rules with other routed networks. */
  public SplitRules withRouted(List<Cidr> routed) {
    return new SplitRules(texts(domains), namespaces, texts(extraSuffixes), routed);
  }

  /** The cluster's domains and the extra suffixes, without leading or trailing dot. */
  public List<String> suffixes() {
    return Stream.concat(domains.stream(), extraSuffixes.stream())
        .map(SplitRules::text)
        .distinct()
        .toList();
  }

  /**
   * Namespaces for which {@code svc.ns} is left to the host, because public names end in them, e.g.
   * {@code dev}. {@code svc.ns.svc} works for them as for all. In order.
   */
  public Set<String> leftOut() {
    Set<String> left = new TreeSet<>(namespaces);
    left.removeIf(namespace -> !PublicNames.endWith(namespace));
    return left;
  }

  /** The namespaces that are not {@link #leftOut}, in order. */
  Set<String> shortNamespaces() {
    Set<String> kept = new TreeSet<>(namespaces);
    kept.removeIf(PublicNames::endWith);
    return kept;
  }

  /** Who answers questions of class {@code dclass} for {@code name}, which is absolute. */
  Decision decide(Name name, int dclass) {
    if (dclass != DClass.IN) {
      return new Decision.Host();
    }
    if (isBelow(name, domains) || isBelow(name, extraSuffixes)) {
      return new Decision.Cluster(name);
    }
    Cidr reverse = ReverseName.network(name);
    if (reverse != null) {
      boolean ours = routed.stream().anyMatch(network -> network.contains(reverse));
      return ours ? new Decision.Cluster(name) : new Decision.Host();
    }
    int labels = name.labels() - 1; // the root counts as one
    if (labels < 2) {
      return new Decision.Host();
    }
    String last = name.getLabelString(labels - 1).toLowerCase(Locale.ROOT);
    if (last.equals("svc")) {
      return completed(name, domains.getFirst());
    }
    if (namespaces.contains(last) && !PublicNames.endWith(last)) {
      return completed(name, SVC, domains.getFirst());
    }
    return new Decision.Host();
  }

  private static Decision completed(Name name, Name... suffixes) {
    Name full = name;
    try {
      for (Name suffix : suffixes) {
        full = Name.concatenate(full.relativize(Name.root), suffix);
      }
    } catch (NameTooLongException _) {
      return new Decision.Local(Rcode.NXDOMAIN); // so long a name does not exist
    }
    return new Decision.Cluster(full);
  }

  private static boolean isBelow(Name name, List<Name> suffixes) {
    for (Name suffix : suffixes) {
      if (name.subdomain(suffix)) {
        return true;
      }
    }
    return false;
  }

  /** A suffix as people write it: with or without dots around it, or with {@code *.} before it. */
  private static Name suffix(String text) {
    String bare = text.strip().toLowerCase(Locale.ROOT);
    bare = bare.startsWith("*.") ? bare.substring(2) : bare;
    bare = bare.startsWith(".") ? bare.substring(1) : bare;
    bare = bare.endsWith(".") ? bare.substring(0, bare.length() - 1) : bare;
    if (!bare.matches("[a-z0-9_-]+(\\.[a-z0-9_-]+)*")) {
      throw notAName(text);
    }
    try {
      return new Name(bare, Name.root);
    } catch (TextParseException _) {
      throw notAName(text);
    }
  }

  private static KtdException notAName(String text) {
    return new KtdException(
        ErrorCode.USAGE,
        "\"" + text + "\" is not a domain name.",
        "Give a suffix such as corp.example.com:  ktd up --dns-suffix corp.example.com");
  }

  private static List<String> texts(List<Name> names) {
    return names.stream().map(SplitRules::text).toList();
  }

  private static String text(Name name) {
    return name.toString(true);
  }
}
