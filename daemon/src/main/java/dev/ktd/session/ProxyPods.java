package dev.ktd.session;

import dev.ktd.carrier.ApiServer;
import dev.ktd.carrier.CarrierOpener;
import dev.ktd.carrier.PortForward;
import dev.ktd.carrier.ProtocolMemory;
import dev.ktd.k8s.ApiAccess;
import dev.ktd.k8s.Cluster;
import dev.ktd.k8s.ProxyDeployment;
import dev.ktd.k8s.ProxyPod;
import dev.ktd.k8s.ProxySpec;
import java.time.Duration;

/**
 * The pods of a session's proxy in its cluster, and how they are reached. All calls block.
 *
 * @param limit for a pod to run, and for one to be gone
 * @param protocols what openings of carriers have shown
 */
record ProxyPods(
    Cluster cluster, ProxyDeployment deployment, Duration limit, ProtocolMemory protocols)
    implements ProxyRoute.Pods, ProxyRoute.Ways {
  @Override
  public ProxyPod await() {
    return deployment.awaitRunning(_ -> {}, limit);
  }

  @Override
  public void delete() {
    deployment.delete(limit);
  }

  @Override
  public void create() {
    deployment.create();
  }

  @Override
  public CarrierOpener to(ProxyPod pod) {
    ApiServer api = plain(cluster.apiAccess());
    return new PortForward(api, pod.namespace(), pod.name(), ProxySpec.CARRIER_PORT, protocols);
  }

  private static ApiServer plain(ApiAccess access) {
    return new ApiServer(
        access.uri(),
        access.caPem(),
        access.clientCertificatePem(),
        access.clientKeyPem(),
        access.bearerToken(),
        access.credentialsRefused(),
        access.skipVerification(),
        access.serverName(),
        access.proxy(),
        access.headers());
  }
}
