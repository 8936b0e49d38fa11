package dev.ktd.k8s;

/**
 * A network inside the cluster.
 *
 * @param cidr canonical text, e.g. {@code 10.43.0.0/16}, {@code fd43::/112}
 * @param source how it was found: {@code ServiceCIDR}, {@code rejected Service}, {@code cluster
 *     IPs}, {@code node.podCIDRs}, {@code pod IPs}
 */
public record ClusterNetwork(String cidr, Kind kind, String source) {
  /** What the addresses belong to. */
  public enum Kind {
    SERVICES("services"),
    PODS("pods");

    private final String text;

    Kind(String text) {
      this.text = text;
    }

    /** As in {@code ktd status}. */
    @Override
    public String toString() {
      return text;
    }
  }
}
