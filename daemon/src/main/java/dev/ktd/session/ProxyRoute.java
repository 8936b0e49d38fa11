package dev.ktd.session;

import dev.ktd.carrier.ApiServer;
import dev.ktd.carrier.CarrierOpener;
import dev.ktd.carrier.PortForward;
import dev.ktd.carrier.Route;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.k8s.ApiAccess;
import dev.ktd.k8s.Cluster;
import dev.ktd.k8s.ProxyDeployment;
import dev.ktd.k8s.ProxyPod;
import dev.ktd.k8s.ProxySpec;
import java.time.Duration;

/**
 * Finds the pod of the session's proxy and binds a port-forward to it. A pod that went is made anew
 * by its Job; a Job that went (its heartbeat limit passed while this machine slept) is made anew
 * here. Lanes ask one after the other.
 */
final class ProxyRoute implements Route {
  private final Cluster cluster;
  private final ProxyDeployment deployment;
  private final Duration limit;
  private volatile boolean ended;

  ProxyRoute(Cluster cluster, ProxyDeployment deployment, Duration limit) {
    this.cluster = cluster;
    this.deployment = deployment;
    this.limit = limit;
  }

  @Override
  public synchronized CarrierOpener find() throws InterruptedException {
    ProxyPod pod = pod();
    ApiServer api = plain(cluster.apiAccess());
    return (loop, listener) ->
        PortForward.open(loop, api, pod.namespace(), pod.name(), ProxySpec.SSH_PORT, listener);
  }

  private ProxyPod pod() {
    try {
      return deployment.awaitRunning(_ -> {}, limit);
    } catch (KtdException e) {
      if (e.code() != ErrorCode.PROXY || ended) {
        throw e;
      }
      deployment.delete(limit);
      if (ended) {
        throw e;
      }
      deployment.create();
      return deployment.awaitRunning(_ -> {}, limit);
    }
  }

  /** From now on a proxy that is gone stays gone. Any thread. */
  void end() {
    ended = true;
  }

  private static ApiServer plain(ApiAccess access) {
    return new ApiServer(
        access.uri(),
        access.caPem(),
        access.clientCertificatePem(),
        access.clientKeyPem(),
        access.bearerToken(),
        access.skipVerification(),
        access.serverName(),
        access.proxy(),
        access.headers());
  }
}
