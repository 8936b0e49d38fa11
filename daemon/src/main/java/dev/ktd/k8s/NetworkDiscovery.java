package dev.ktd.k8s;

import dev.ktd.k8s.ClusterNetwork.Kind;
import io.fabric8.kubernetes.api.model.ListOptions;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Finds the networks of a cluster with what the caller may see. Services: ServiceCIDR objects, else
 * the range in the API server's rejection of a Service, else covers of the cluster IPs. Pods: the
 * nodes' podCIDRs, and covers of the addresses of pods outside of them that do not use the host's
 * network.
 */
public final class NetworkDiscovery {
  /** Documentation networks (RFC 5737, RFC 3849): in no cluster's range. */
  private static final List<String> OUTSIDE = List.of("198.51.100.1", "2001:db8::1");

  /** {@code The range of valid IPs is 10.43.0.0/16}, since Kubernetes 1.4. */
  private static final Pattern VALID_RANGE =
      Pattern.compile("range of valid IPs is ([0-9a-fA-F:.]+/[0-9]+)");

  /** Enough to know a cluster's pods by; a full list may be tens of megabytes. */
  private static final long SAMPLE = 500;

  /** Given here, so that the client need not ask whether the server has it. */
  private static final ResourceDefinitionContext BETA_SERVICE_CIDR =
      new ResourceDefinitionContext.Builder()
          .withGroup("networking.k8s.io")
          .withVersion("v1beta1")
          .withKind("ServiceCIDR")
          .withPlural("servicecidrs")
          .withNamespaced(false)
          .build();

  private final Cluster cluster;

  private NetworkDiscovery(Cluster cluster) {
    this.cluster = cluster;
  }

  /**
   * The networks, services first, without duplicates and without ones inside others. May lack a
   * kind that the caller cannot see in any way. Blocks.
   */
  public static List<ClusterNetwork> discover(Cluster cluster) {
    var discovery = new NetworkDiscovery(cluster);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var pods = threads.submit(discovery::pods);
      List<ClusterNetwork> found = new ArrayList<>(discovery.services());
      found.addAll(Joined.result(pods));
      return List.copyOf(found);
    }
  }

  private List<ClusterNetwork> services() {
    List<ClusterNetwork> found = networks(serviceCidrs(), Kind.SERVICES, "ServiceCIDR");
    if (found.isEmpty()) {
      found = networks(rejectedServices(), Kind.SERVICES, "rejected Service");
    }
    if (found.isEmpty()) {
      found = networks(Prefix.covers(clusterIps()), Kind.SERVICES, "cluster IPs");
    }
    return found;
  }

  private List<Prefix> serviceCidrs() {
    List<String> cidrs =
        permitted(
            () ->
                cluster.client().network().v1().serviceCIDRs().list().getItems().stream()
                    .filter(item -> item.getSpec() != null)
                    .flatMap(item -> item.getSpec().getCidrs().stream())
                    .toList());
    if (cidrs.isEmpty()) {
      cidrs =
          permitted(
              () ->
                  cluster
                      .client()
                      .genericKubernetesResources(BETA_SERVICE_CIDR)
                      .list()
                      .getItems()
                      .stream()
                      .flatMap(
                          item ->
                              item.get("spec", "cidrs") instanceof List<?> list
                                  ? list.stream().map(String::valueOf)
                                  : Stream.<String>empty())
                      .toList());
    }
    return parsed(cidrs.stream());
  }

  /** A dry run creates nothing; the refusal names the range. */
  private List<Prefix> rejectedServices() {
    List<Prefix> ranges = new ArrayList<>();
    for (String address : OUTSIDE) {
      Service service =
          new ServiceBuilder()
              .withNewMetadata()
              .withGenerateName("ktd-range-")
              .withNamespace(cluster.namespace())
              .endMetadata()
              .withNewSpec()
              .withClusterIP(address)
              .addNewPort()
              .withPort(80)
              .endPort()
              .endSpec()
              .build();
      try {
        cluster.client().resource(service).dryRun(true).create();
      } catch (KubernetesClientException e) {
        var matcher = VALID_RANGE.matcher(String.valueOf(e.getMessage()));
        Prefix range = matcher.find() ? Prefix.parse(matcher.group(1)) : null;
        if (range != null) {
          ranges.add(range);
        } else if (e.getCode() != 422 && e.getCode() != 400 && e.getCode() != 403) {
          throw cluster.translate("check a Service", e);
        }
      }
    }
    return ranges;
  }

  private List<Prefix> clusterIps() {
    var services = cluster.client().services();
    List<Service> seen = permitted(() -> services.inAnyNamespace().list(sample()).getItems());
    if (seen.isEmpty()) {
      seen = permitted(() -> services.inNamespace(cluster.namespace()).list(sample()).getItems());
    }
    return parsed(
        seen.stream()
            .filter(service -> service.getSpec() != null)
            .flatMap(
                service ->
                    Stream.concat(
                        Stream.ofNullable(service.getSpec().getClusterIP()),
                        service.getSpec().getClusterIPs().stream())));
  }

  private List<ClusterNetwork> pods() {
    List<Prefix> ofNodes =
        parsed(
            permitted(() -> cluster.client().nodes().list().getItems()).stream()
                .map(Node::getSpec)
                .filter(Objects::nonNull)
                .flatMap(
                    spec ->
                        Stream.concat(
                            Stream.ofNullable(spec.getPodCIDR()), spec.getPodCIDRs().stream())));
    // Some network plug-ins give out other addresses than the nodes' podCIDRs (Calico, cloud VPCs).
    List<Prefix> others =
        podIps().stream()
            .filter(ip -> ofNodes.stream().noneMatch(network -> network.contains(ip)))
            .toList();
    List<ClusterNetwork> found =
        new ArrayList<>(networks(Prefix.outermost(ofNodes), Kind.PODS, "node.podCIDRs"));
    found.addAll(networks(Prefix.covers(others), Kind.PODS, "pod IPs"));
    return found;
  }

  private List<Prefix> podIps() {
    var pods = cluster.client().pods();
    List<Pod> seen = permitted(() -> pods.inAnyNamespace().list(sample()).getItems());
    if (seen.isEmpty()) {
      seen = permitted(() -> pods.inNamespace(cluster.namespace()).list(sample()).getItems());
    }
    return parsed(
        seen.stream()
            .filter(pod -> pod.getSpec() != null && pod.getStatus() != null)
            .filter(pod -> !Boolean.TRUE.equals(pod.getSpec().getHostNetwork()))
            .flatMap(
                pod ->
                    Stream.concat(
                        Stream.ofNullable(pod.getStatus().getPodIP()),
                        pod.getStatus().getPodIPs().stream().map(ip -> ip.getIp()))));
  }

  private static ListOptions sample() {
    return new ListOptionsBuilder().withLimit(SAMPLE).build();
  }

  /** What the caller may not see, or what this cluster does not have, is an empty list. */
  private <T> List<T> permitted(Supplier<List<T>> request) {
    try {
      return request.get();
    } catch (KubernetesClientException e) {
      if (e.getCode() == 403 || ApiErrors.notFound(e)) {
        return List.of();
      }
      throw cluster.translate("list", e);
    }
  }

  /** {@code None} and other words are no addresses and fall out. */
  private static List<Prefix> parsed(Stream<String> texts) {
    return texts.map(Prefix::parse).filter(Objects::nonNull).distinct().toList();
  }

  private static List<ClusterNetwork> networks(List<Prefix> prefixes, Kind kind, String source) {
    return Prefix.outermost(prefixes).stream()
        .map(prefix -> new ClusterNetwork(prefix.toString(), kind, source))
        .toList();
  }
}
