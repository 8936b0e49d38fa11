package dev.ktd.dns;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.Cidr;
import java.net.InetAddress;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The judgement whether names work after the host was set up: the cluster's name must have the
 * address that the cluster's own server gives, and public names that worked before must still work.
 * Pure; the lookups themselves (as a program would make them) are the session's.
 */
public final class NameCheck {
  private NameCheck() {}

  /** A name that exists in every cluster, e.g. {@code kubernetes.default.svc.cluster.local}. */
  public static String clusterName(String clusterDomain) {
    return "kubernetes.default.svc." + clusterDomain;
  }

  /**
   * The addresses in the output of {@code getent ahosts NAME}, in order, each once. Lines that do
   * not start with an address are skipped.
   */
  public static List<InetAddress> parseGetent(String output) {
    Set<InetAddress> found = new LinkedHashSet<>();
    for (String line : output.lines().toList()) {
      String first = line.strip().split("\\s+", 2)[0];
      try {
        found.add(InetAddress.ofLiteral(first));
      } catch (IllegalArgumentException _) {
        // A message of getent, or an empty line.
      }
    }
    return List.copyOf(found);
  }

  /**
   * @param clusterName what was asked
   * @param expected its addresses by the cluster's own server
   * @param seen its addresses as a program on the host saw them
   * @param before public names and whether each had an address before the change
   * @param after the same names after the change
   */
  public record Observations(
      String clusterName,
      Set<InetAddress> expected,
      Set<InetAddress> seen,
      Map<String, Boolean> before,
      Map<String, Boolean> after) {}

  /**
   * Returns when all is well.
   *
   * @throws dev.ktd.error.KtdException DNS, naming the name that does not work and what was seen;
   *     the change of the host is then to be undone
   */
  public static void judge(Observations observations) {
    String name = observations.clusterName();
    if (observations.expected().isEmpty()) {
      throw failure(
          "The cluster's own DNS server does not know " + name + ".",
          "Look whether it runs:  kubectl get pods -n kube-system -l k8s-app=kube-dns");
    }
    // One of them is enough: a program may ask for IPv4 only.
    if (Collections.disjoint(observations.expected(), observations.seen())) {
      throw failure(
          name
              + " is "
              + list(observations.expected())
              + " in the cluster, but programs here see "
              + (observations.seen().isEmpty() ? "no address" : list(observations.seen()))
              + ".",
          "Look who resolves names here:  cat /etc/resolv.conf; grep hosts /etc/nsswitch.conf");
    }
    observations
        .before()
        .forEach(
            (other, worked) -> {
              if (worked && !observations.after().getOrDefault(other, false)) {
                throw failure(
                    other + " was found before names were set up, and is not found now.",
                    "The host's names are as they were before. Ask its servers:  getent ahosts "
                        + other);
              }
            });
  }

  private static KtdException failure(String what, String hint) {
    return new KtdException(ErrorCode.DNS, what, hint);
  }

  private static String list(Set<InetAddress> addresses) {
    return addresses.stream().map(Cidr::text).sorted().collect(Collectors.joining(", "));
  }
}
