package dev.ktd.testbed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.testbed.Components.Component;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What becomes of open and of new connections while parts of the cluster are away. */
@ClusterTest
final class ClusterOutagesIT {
  private static final Duration AWAY = Duration.ofSeconds(60);
  private static final Duration CONTROLLERS_LIMIT = Duration.ofSeconds(110);

  private final TestCluster cluster;
  private final Laptop laptop;

  @TempDir Path folder = Path.of("/");

  ClusterOutagesIT(TestCluster cluster) {
    this.cluster = cluster;
    this.laptop = cluster.laptop();
  }

  @BeforeAll
  static void deploy(TestCluster cluster) {
    cluster.deployApplication();
  }

  private Components components() {
    Assumptions.assumeTrue(
        cluster.components().isPresent(), "no part of this cluster can be taken away");
    return cluster.components().orElseThrow();
  }

  @Test
  void openConnectionsOutliveAMinuteWithoutTheApiServer() throws InterruptedException {
    Components components = components();
    try (var session = BusySession.up(cluster)) {
      long back = System.nanoTime() + AWAY.toNanos();
      components.stop(Component.APISERVER);
      try {
        session.awaitState("RECONNECTING");
        while (System.nanoTime() < back) {
          session.assertNamesOfALaptopAlone();
          TimeUnit.SECONDS.sleep(5); // the minute itself is what is tested
        }
        session.awaitState("RECONNECTING");
      } finally {
        components.start(Component.APISERVER);
      }
      session.goesOnAfter("the API server's return", () -> {});
      session.endsWell();
      awaitControllers();
    }
  }

  /**
   * Kubelet and controllers look for an API server that was away with pauses of up to half a
   * minute; until all have found it, nothing that is deleted goes.
   */
  private void awaitControllers() {
    String limit = "--timeout=100s";
    cluster.kubectl("delete", "job", "outage-probe", "--ignore-not-found", limit).expectSuccess();
    cluster
        .kubectl("create", "job", "outage-probe", "--image=docker.io/ktd-testbed/sample:1")
        .expectSuccess();
    for (String[] proof :
        List.of(
            new String[] {"delete", "job", "outage-probe", "--cascade=foreground", limit},
            new String[] {"rollout", "restart", "deployment/web"},
            new String[] {"rollout", "status", "deployment/web", limit})) {
      cluster.kubectl(CONTROLLERS_LIMIT, proof).expectSuccess();
    }
  }

  @Test
  void openConnectionsOutliveARestartOfTheKubelet() {
    Components components = components();
    try (var session = BusySession.up(cluster)) {
      session.goesOnAfter(
          "a restart of the kubelet",
          () -> {
            try {
              components.stop(Component.KUBELET);
            } finally {
              components.start(Component.KUBELET);
            }
          });
      System.out.println("the kubelet's restart cut " + session.resumed() + " carriers");
      session.endsWell();
    }
  }

  /** How a proxy pod goes. */
  private enum Loss {
    /** As by eviction and by the drain of a node. */
    DELETED,
    /** As by the kernel when memory is out. */
    KILLED
  }

  @ParameterizedTest
  @EnumSource
  void anotherPodTakesThePlaceOfOneThatWas(Loss loss) {
    try (var session = BusySession.up(cluster)) {
      HostState connected = HostState.of(laptop);
      String web = "http://" + cluster.clusterIp("web");
      lose(loss);
      session.transfers().assertReset(BusySession.LIMIT);
      // While there is no pod, and before anybody has looked for another one.
      try (Running gap = laptop.start("curl", "-sS", "--max-time", "60", web)) {
        assertThat(HostState.of(laptop)).isEqualTo(connected);
        Result answered = gap.await(BusySession.LIMIT).expectSuccess();
        System.out.printf(
            "a connection begun without a pod (%s) works after %d ms%n",
            loss, answered.elapsed().toMillis());
      }
      session.awaitState("CONNECTED");
      assertThat(HostState.of(laptop)).isEqualTo(connected);
      laptop.run("curl", "-sS", "--max-time", "10", "http://web").expectSuccess();
      assertThat(session.reopened()).isPositive();
    }
  }

  private void lose(Loss loss) {
    switch (loss) {
      case DELETED ->
          cluster
              .kubectl("delete", "pod", "-l", "app.kubernetes.io/name=ktd", "--wait=false")
              .expectSuccess();
      case KILLED -> {
        Assumptions.assumeTrue(cluster.provider().equals("node"), "its processes are not here");
        String uid =
            cluster
                .kubectl(
                    "get",
                    "pods",
                    "-l",
                    "app.kubernetes.io/name=ktd",
                    "-o",
                    "jsonpath={.items[0].metadata.uid}")
                .expectSuccess()
                .text();
        assertThat(uid).isNotEmpty();
        List<ProcessHandle> agents =
            ProcessHandle.allProcesses().filter(process -> isAgentOf(uid, process)).toList();
        assertThat(agents).isNotEmpty().allMatch(ProcessHandle::destroyForcibly);
      }
    }
  }

  /** The processes of a pod are in cgroups that have its id in their names. */
  private static boolean isAgentOf(String uid, ProcessHandle process) {
    Path proc = Path.of("/proc", Long.toString(process.pid()));
    try {
      return Files.readString(proc.resolve("comm")).strip().equals("ktd-agent")
          && Files.readString(proc.resolve("cgroup")).contains(uid);
    } catch (IOException e) {
      return false; // it has ended
    }
  }

  @Test
  void aTokenThatExpiredIsAskedForAgainBeforeTheStreamGoesOn() throws IOException {
    try (var identity = new ExpiringIdentity(cluster, folder);
        var wire = WireProcess.start(laptop, WireProcess.server(cluster.kubeconfig()))) {
      Path kubeconfig = wire.kubeconfig(cluster, folder.resolve("kubeconfig"));
      identity.use(kubeconfig);
      identity.issue("first");
      try (var session = BusySession.up(cluster, "--kubeconfig", kubeconfig.toString())) {
        identity.revoke("first");
        session.goesOnAfter("the token's end", () -> {});
        assertThat(identity.asked()).isEqualTo(1);
        identity.refuse();
        wire.reset();
        session.awaitState("RECONNECTING");
        session.goesOnAfter("a new token", () -> identity.issue("second"));
        session.endsWell();
      }
    }
  }
}
