package dev.ktd.k8s;

import java.util.List;

/**
 * Finds the networks of a cluster with what the caller may see. Services: ServiceCIDR objects, else
 * the range in the API server's rejection of a Service, else covers of the cluster IPs. Pods: the
 * nodes' podCIDRs, else covers of the addresses of pods that do not use the host's network.
 */
public final class NetworkDiscovery {
  private NetworkDiscovery() {}

  /**
   * The networks, services first, without duplicates and without ones inside others. May lack a
   * kind that the caller cannot see in any way. Blocks.
   */
  public static List<ClusterNetwork> discover(Cluster cluster) {
    return NotYet.now();
  }
}
