package dev.ktd.testbed;

import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/** Where a cluster for tests comes from. */
sealed interface ClusterProvider permits NamedCluster, DockerCluster, EmbeddedNode {

  /**
   * Returns a cluster whose nodes are ready; takes seconds, or minutes where something must be
   * compiled first.
   *
   * @throws IllegalStateException if there is none; the message says what to do
   */
  TestCluster start();

  /**
   * Applies the order that {@link ClusterTest} documents.
   *
   * @param dockerAnswers asked only if the settings leave the choice open
   */
  static ClusterProvider choose(Settings settings, BooleanSupplier dockerAnswers) {
    var named = settings.value("KTD_TEST_KUBECONFIG");
    if (named.isPresent()) {
      return new NamedCluster(Path.of(named.get()), settings);
    }
    String provider = settings.value("KTD_TEST_PROVIDER").orElse("");
    return switch (provider) {
      case "docker" -> new DockerCluster(settings);
      case "node" -> new EmbeddedNode(settings);
      case "" ->
          dockerAnswers.getAsBoolean() ? new DockerCluster(settings) : new EmbeddedNode(settings);
      default ->
          throw new IllegalStateException(
              "KTD_TEST_PROVIDER is \"" + provider + "\"; it can be docker or node");
    };
  }
}
