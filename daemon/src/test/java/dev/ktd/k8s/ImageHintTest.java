package dev.ktd.k8s;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageHintTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      emptyValue = "",
      textBlock =
          """
          kind-lab | '' | '' | kind load docker-image x --name lab
          any | kind://docker/lab/n | n | kind load docker-image x --name lab
          k3d-lab | '' | '' | k3d image import x --cluster lab
          any | k3s://k3d-lab-server-0 | k3d-lab-server-0 | k3d image import x --cluster lab
          minikube | '' | minikube | minikube image load x --profile minikube
          docker-desktop | '' | docker-desktop | docker image ls x
          default | k3s://box | box | sudo k3s ctr images import
          prod | aws:///eu/i-1 | ip-10-0-0-1 | ktd up --image REF --image-pull-secret SECRET
          """)
  void clusterAtHandIsRecognised(String context, String provider, String node, String command) {
    assertThat(ImageHint.of(ProxySpec.DEFAULT_IMAGE, context, node(node, provider), node))
        .contains(command.replaceAll("\\bx\\b", ProxySpec.DEFAULT_IMAGE));
  }

  @Test
  void anotherImageIsNotOneThatWeBuild() {
    assertThat(ImageHint.of("docker.io/nobody/nothing:9", "kind-lab", null, ""))
        .startsWith("Check its name")
        .contains("--image docker.io/nobody/nothing:9 --image-pull-secret")
        .doesNotContain("kind load");
  }

  private static Node node(String name, String provider) {
    return new NodeBuilder()
        .withNewMetadata()
        .withName(name)
        .endMetadata()
        .withNewSpec()
        .withProviderID(provider)
        .endSpec()
        .build();
  }
}
