package dev.ktd.k8s;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.ServiceCIDRBuilder;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NetworkDiscoveryTest {
  private static final String V1 = "/apis/networking.k8s.io/v1/servicecidrs";
  private static final String BETA = "/apis/networking.k8s.io/v1beta1/servicecidrs";
  private static final String SERVICES = "/api/v1/namespaces/shop/services";

  private final FakeApiServer server = new FakeApiServer();
  private Cluster cluster;

  @BeforeEach
  void connect() {
    cluster = server.connect();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void serviceCidrsAndPodCidrsAreTakenFirst() {
    cluster
        .client()
        .resource(
            new ServiceCIDRBuilder()
                .withNewMetadata()
                .withName("kubernetes")
                .endMetadata()
                .withNewSpec()
                .withCidrs("10.43.0.0/16", "fd43::/112")
                .endSpec()
                .build())
        .create();
    node("a", "10.42.0.0/24", "fd42::/64");
    node("b", "10.42.1.0/24", "fd42:0:0:1::/64");
    pod("x", false, "10.42.0.7");

    assertThat(discovered())
        .containsExactly(
            "10.43.0.0/16 services ServiceCIDR",
            "fd43::/112 services ServiceCIDR",
            "10.42.0.0/24 pods node.podCIDRs",
            "10.42.1.0/24 pods node.podCIDRs",
            "fd42::/64 pods node.podCIDRs",
            "fd42:0:0:1::/64 pods node.podCIDRs");
  }

  @Test
  void betaServiceCidrsAreRead() {
    server.refuse("GET", V1, 404, "not found");
    server.answer(
        "GET",
        BETA,
        200,
        "{\"kind\":\"ServiceCIDRList\",\"apiVersion\":\"networking.k8s.io/v1beta1\",\"items\":["
            + "{\"kind\":\"ServiceCIDR\",\"apiVersion\":\"networking.k8s.io/v1beta1\","
            + "\"metadata\":{\"name\":\"kubernetes\"},\"spec\":{\"cidrs\":[\"10.96.0.0/12\"]}}]}");

    assertThat(discovered()).contains("10.96.0.0/12 services ServiceCIDR");
  }

  @Test
  void rejectedServiceTellsTheRange() {
    withoutServiceCidrs();
    server.refuse(
        "POST",
        SERVICES,
        422,
        "Service \"ktd-range-x\" is invalid: spec.clusterIPs: Invalid value: [\"198.51.100.1\"]:"
            + " failed to allocate IP 198.51.100.1: the provided IP (198.51.100.1) is not in the"
            + " valid range. The range of valid IPs is 10.43.0.0/16");

    assertThat(discovered()).containsExactly("10.43.0.0/16 services rejected Service");
    assertThat(server.requests())
        .filteredOn(
            request -> request.getMethod().equals("POST") && request.getPath().startsWith(SERVICES))
        .hasSize(2)
        .allSatisfy(request -> assertThat(request.getPath()).contains("dryRun=All"));
  }

  @Test
  void clusterIpsAreCoveredWhereNothingElseTells() {
    withoutServiceCidrs();
    server.refuse("POST", SERVICES, 403, "services is forbidden");
    service("kubernetes", "10.43.0.1");
    service("web", "10.43.12.7");
    service("headless", "None");
    service("six", "fd43::a");

    assertThat(discovered())
        .containsExactly("10.43.0.0/20 services cluster IPs", "fd43::/120 services cluster IPs");
  }

  @Test
  void podIpsAreCoveredWhereNodesAreHidden() {
    withoutServices();
    server.refuse("GET", "/api/v1/nodes", 403, "nodes is forbidden");
    pod("a", false, "10.42.0.7");
    pod("b", false, "10.42.3.9");
    pod("host", true, "192.168.1.5");

    assertThat(discovered()).containsExactly("10.42.0.0/22 pods pod IPs");
  }

  @Test
  void podsOutsideTheNodesNetworksAreCoveredToo() {
    withoutServices();
    node("a", "10.42.0.0/24");
    pod("a", false, "10.42.0.7");
    pod("b", false, "172.31.5.9");

    assertThat(discovered())
        .containsExactly("10.42.0.0/24 pods node.podCIDRs", "172.31.5.0/24 pods pod IPs");
  }

  @Test
  void ownNamespaceIsLookedAtWhereTheClusterIsHidden() {
    withoutServices();
    server.refuse("GET", "/api/v1/nodes", 403, "no");
    server.refuse("GET", "/api/v1/pods", 403, "no");
    pod("a", false, "10.42.0.7");

    assertThat(discovered()).containsExactly("10.42.0.0/24 pods pod IPs");
  }

  @Test
  void clusterThatShowsNothingHasNoNetworks() {
    withoutServices();

    assertThat(discovered()).isEmpty();
  }

  private List<String> discovered() {
    return NetworkDiscovery.discover(cluster).stream()
        .map(network -> network.cidr() + " " + network.kind() + " " + network.source())
        .toList();
  }

  private void withoutServiceCidrs() {
    server.refuse("GET", V1, 403, "forbidden").refuse("GET", BETA, 404, "not found");
  }

  private void withoutServices() {
    withoutServiceCidrs();
    server.refuse("POST", SERVICES, 403, "services is forbidden");
  }

  private void node(String name, String... cidrs) {
    cluster
        .client()
        .resource(
            new NodeBuilder()
                .withNewMetadata()
                .withName(name)
                .endMetadata()
                .withNewSpec()
                .withPodCIDR(cidrs[0])
                .withPodCIDRs(cidrs)
                .endSpec()
                .build())
        .create();
  }

  private void service(String name, String ip) {
    // The mock stores it under the default namespace: prepared refusals are for the session's.
    cluster
        .client()
        .resource(
            new ServiceBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .withClusterIP(ip)
                .withClusterIPs(ip)
                .endSpec()
                .build())
        .create();
  }

  private void pod(String name, boolean hostNetwork, String ip) {
    cluster
        .client()
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace("shop")
                .endMetadata()
                .withNewSpec()
                .withHostNetwork(hostNetwork)
                .endSpec()
                .withNewStatus()
                .withPodIP(ip)
                .endStatus()
                .build())
        .create();
  }
}
