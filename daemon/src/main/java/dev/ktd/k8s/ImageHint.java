package dev.ktd.k8s;

import io.fabric8.kubernetes.api.model.Node;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How the proxy's image gets into the cluster at hand, as commands to type. */
final class ImageHint {
  private static final String ELSEWHERE =
      "From a registry that the nodes reach:  ktd up --image REF --image-pull-secret SECRET";

  private ImageHint() {}

  /**
   * @param contextName name of the context: local clusters are recognisable by it
   * @param node the node that lacks the image; null when it may not be read
   * @param nodeName its name; empty when it is not known
   */
  static String of(String image, String contextName, @Nullable Node node, String nodeName) {
    if (!image.equals(ProxySpec.DEFAULT_IMAGE)) {
      return "Check its name, and that the nodes may pull it; from a private registry:  ktd up --image "
          + image
          + " --image-pull-secret SECRET\nWithout --image it is "
          + ProxySpec.DEFAULT_IMAGE
          + ", which  make image  builds.";
    }
    String archive = "target/image/ktd-proxy-" + architecture(node) + ".tar";
    String provider =
        node == null || node.getSpec() == null || node.getSpec().getProviderID() == null
            ? ""
            : node.getSpec().getProviderID();
    String context = contextName.toLowerCase(Locale.ROOT);
    if (provider.startsWith("kind://") || context.startsWith("kind-")) {
      return local(
          archive,
          "kind load docker-image " + image + " --name " + kindName(provider, contextName));
    }
    if (nodeName.startsWith("k3d-") || context.startsWith("k3d-")) {
      return local(
          archive, "k3d image import " + image + " --cluster " + k3dName(nodeName, contextName));
    }
    String profile = minikubeProfile(node);
    if (profile != null || context.equals("minikube")) {
      return local(
          archive,
          "minikube image load " + image + " --profile " + (profile == null ? context : profile));
    }
    if (context.equals("docker-desktop") || nodeName.equals("docker-desktop")) {
      return local(archive, "docker image ls " + image);
    }
    if (provider.startsWith("k3s://") || isK3s(node)) {
      return "Build it with  make image , then on the node "
          + nodeName
          + ":  sudo k3s ctr images import "
          + archive
          + "\n"
          + ELSEWHERE;
    }
    return "Push it to a registry that the nodes reach (make image builds it), then:  ktd up --image"
        + " REF --image-pull-secret SECRET\n"
        + "Or on the node"
        + (nodeName.isEmpty() ? "" : " " + nodeName)
        + ":  sudo ctr -n k8s.io images import "
        + archive;
  }

  private static String architecture(@Nullable Node node) {
    return node == null
            || node.getStatus() == null
            || node.getStatus().getNodeInfo() == null
            || node.getStatus().getNodeInfo().getArchitecture() == null
        ? "amd64"
        : node.getStatus().getNodeInfo().getArchitecture();
  }

  private static String local(String archive, String command) {
    return "Build it with  make image  and  docker load -i "
        + archive
        + " , then:  "
        + command
        + "\n"
        + ELSEWHERE;
  }

  /** {@code kind://docker/CLUSTER/NODE}. */
  private static String kindName(String provider, String context) {
    String[] parts = provider.split("/", -1);
    return parts.length >= 4 ? parts[3] : context.substring("kind-".length());
  }

  /** {@code k3d-CLUSTER-server-0}, {@code k3d-CLUSTER-agent-1}. */
  private static String k3dName(String nodeName, String context) {
    String name = nodeName.startsWith("k3d-") ? nodeName : context;
    return name.substring("k3d-".length()).replaceFirst("-(server|agent)-\\d+$", "");
  }

  private static @Nullable String minikubeProfile(@Nullable Node node) {
    return labels(node).get("minikube.k8s.io/name");
  }

  private static boolean isK3s(@Nullable Node node) {
    return "k3s".equals(labels(node).get("node.kubernetes.io/instance-type"));
  }

  private static Map<String, String> labels(@Nullable Node node) {
    return node == null || node.getMetadata() == null || node.getMetadata().getLabels() == null
        ? Map.of()
        : node.getMetadata().getLabels();
  }
}
