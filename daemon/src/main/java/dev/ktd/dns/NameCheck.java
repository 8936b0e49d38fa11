package dev.ktd.dns;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The judgement whether names work after the host was set up: the cluster's name must have the
 * address that the cluster's own server gives, and public names that worked before must still work.
 * Pure; the lookups themselves (as a program would make them) are the session's.
 */
public final class NameCheck {
  private NameCheck() {}

  /** A name that exists in every cluster, e.g. {@code kubernetes.default.svc.cluster.local}. */
  public static String clusterName(String clusterDomain) {
    return "cluster.local";
  }

  /** The addresses in the output of {@code getent ahosts NAME}, in order, each once. */
  public static List<InetAddress> parseGetent(String output) {
    return List.of();
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
  public static void judge(Observations observations) {}
}
