package dev.ktd.testbed;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What every provider promises; the short part of the suite that each of them must pass. */
@ClusterTest
@Tag("contract")
final class ClusterIT {
  private final TestCluster cluster;

  ClusterIT(TestCluster cluster) {
    this.cluster = cluster;
  }

  @BeforeAll
  static void deploy(TestCluster cluster) {
    cluster.deployApplication();
  }

  @Test
  void nodesAreReady() {
    String conditions =
        "{range .items[*]}{.status.conditions[?(@.type==\"Ready\")].status}{\"\\n\"}{end}";
    assertThat(
            cluster
                .kubectl("get", "nodes", "-o", "jsonpath=" + conditions)
                .expectSuccess()
                .output()
                .lines())
        .isNotEmpty()
        .containsOnly("True");
  }

  @Test
  void applicationAnswersInsideTheCluster() {
    Result answer =
        cluster.kubectl(
            "exec", "deploy/redis", "--", "/bin/busybox", "wget", "-qO-", "http://api.shop");
    assertThat(answer.expectSuccess().text()).matches("api api-\\S+ -> web web-\\S+");
  }

  @Test
  void clusterNamesResolveInsideTheCluster() {
    assertThat(
            cluster
                .kubectl("exec", "deploy/redis", "--", "redis-cli", "-h", "redis", "ping")
                .expectSuccess()
                .text())
        .isEqualTo("PONG");
  }

  @Test
  void restrictedNamespaceRefusesAPrivilegedPod() {
    Result refused =
        cluster.kubectl(
            "run",
            "privileged",
            "--namespace=shop",
            "--image=docker.io/ktd-testbed/sample:1",
            "--privileged",
            "--dry-run=server");
    assertThat(refused.succeeded()).isFalse();
    assertThat(refused.errors()).contains("violates PodSecurity \"restricted:latest\"");
  }

  @Test
  void laptopReachesTheApiServerButNoPod() {
    cluster.laptop().run(cluster.kubectlProgram(), "get", "--raw", "/readyz").expectSuccess();
    String address =
        cluster
            .kubectl("get", "pod", "-l", "app=web", "-o", "jsonpath={.items[0].status.podIP}")
            .expectSuccess()
            .text();
    Result direct =
        cluster.laptop().shell("timeout 2 bash -c 'exec 3<>/dev/tcp/$0/8080' \"$1\"", address);
    assertThat(direct.succeeded()).as("%s without ktd", address).isFalse();
  }
}
