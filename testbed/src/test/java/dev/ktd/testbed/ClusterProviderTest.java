package dev.ktd.testbed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;

final class ClusterProviderTest {
  private static Settings settings(Map<String, String> environment) {
    return new Settings(new Properties(), environment);
  }

  @Test
  void namedClusterComesBeforeAllOthers() {
    var settings = settings(Map.of("KTD_TEST_KUBECONFIG", "/k", "KTD_TEST_PROVIDER", "docker"));
    assertThat(ClusterProvider.choose(settings, () -> true))
        .isEqualTo(new NamedCluster(Path.of("/k"), settings));
  }

  @Test
  void dockerIsTakenWhereAnEngineAnswers() {
    assertThat(ClusterProvider.choose(settings(Map.of()), () -> true))
        .isInstanceOf(DockerCluster.class);
  }

  @Test
  void embeddedNodeIsTakenWhereNothingElseIs() {
    assertThat(ClusterProvider.choose(settings(Map.of()), () -> false))
        .isInstanceOf(EmbeddedNode.class);
  }

  @Test
  void chosenProviderIsTakenWithoutAskingForAnEngine() {
    assertThat(
            ClusterProvider.choose(
                settings(Map.of("KTD_TEST_PROVIDER", "node")),
                () -> {
                  throw new AssertionError("asked");
                }))
        .isInstanceOf(EmbeddedNode.class);
  }

  @Test
  void unknownProviderIsRefusedByName() {
    assertThatThrownBy(
            () ->
                ClusterProvider.choose(settings(Map.of("KTD_TEST_PROVIDER", "kind")), () -> false))
        .hasMessageContaining("kind")
        .hasMessageContaining("docker or node");
  }

  @Test
  void propertyWinsOverEnvironmentAndEmptyCountsAsUnset() {
    var properties = new Properties();
    properties.setProperty("A", "property");
    var settings = new Settings(properties, Map.of("A", "environment", "B", ""));
    assertThat(settings.value("A")).hasValue("property");
    assertThat(settings.value("B")).isEmpty();
  }

  @Test
  void nodesAnswerIsReadAsAssignments() {
    assertThat(EmbeddedNode.assignments("KUBECONFIG=/a=b\nno assignment\nKUBECTL=/k\n"))
        .isEqualTo(Map.of("KUBECONFIG", "/a=b", "KUBECTL", "/k"));
  }
}
