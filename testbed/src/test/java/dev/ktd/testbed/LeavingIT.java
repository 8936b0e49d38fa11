package dev.ktd.testbed;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** However a session ends, host and cluster are as they were. */
@ClusterTest
final class LeavingIT {
  private static final Duration SOON = Duration.ofSeconds(30);

  private final TestCluster cluster;
  private final Laptop laptop;
  private final Ktd ktd;
  private HostState before = new HostState("", "");

  LeavingIT(TestCluster cluster) {
    this.cluster = cluster;
    this.laptop = cluster.laptop();
    this.ktd = new Ktd(cluster);
  }

  @BeforeAll
  static void deploy(TestCluster cluster) {
    cluster.deployApplication();
  }

  @BeforeEach
  void startDisconnected() {
    ktd.down();
    ktd.run("recover").expectSuccess();
    before = HostState.of(laptop);
  }

  @AfterEach
  void disconnect() {
    ktd.down();
    ktd.run("recover");
  }

  private Result curlWeb() {
    return laptop.run("curl", "-sS", "--max-time", "5", "http://web");
  }

  @Test
  void downPutsEverythingBack() {
    ktd.up().expectSuccess();
    curlWeb().expectSuccess();
    assertThat(HostState.of(laptop)).isNotEqualTo(before);
    ktd.run("down").expectSuccess();
    before.assertUnchanged(ktd, laptop);
    HostState.assertNothingInCluster(cluster, Duration.ofSeconds(5));
    assertThat(curlWeb().succeeded()).isFalse();
    assertThat(ktd.run("status").status()).isEqualTo(6);
    assertThat(ktd.run("down").status()).isEqualTo(6);
  }

  @ParameterizedTest
  @ValueSource(strings = {"INT", "TERM", "HUP"})
  void signalToTheDaemonPutsEverythingBack(String signal) {
    ktd.up().expectSuccess();
    laptop.run("kill", "-s", signal, ktd.daemons().getFirst().toString()).expectSuccess();
    before.assertUnchanged(ktd, laptop);
    HostState.assertNothingInCluster(cluster, SOON);
  }

  @Test
  void foregroundEndsByCtrlC() {
    try (Running up = ktd.start("up", "-n", "default", "--foreground")) {
      up.awaitOutput(Ktd.LIMIT, text -> text.contains("Connected"));
      curlWeb().expectSuccess();
      up.signal("INT");
      Result ended = up.await(Duration.ofSeconds(60));
      assertThat(ended.status()).as("%s", ended).isIn(0, 130);
    }
    before.assertUnchanged(ktd, laptop);
    HostState.assertNothingInCluster(cluster, SOON);
  }

  @Test
  void ctrlCWhileConnectingUndoesIt() {
    try (Running up = ktd.start("up", "-n", "default", "--image", "docker.io/ktd/absent:1")) {
      up.awaitOutput(Ktd.LIMIT, text -> text.contains("access"));
      up.signal("INT");
      Result ended = up.await(Duration.ofSeconds(60));
      // The image may be found missing before the signal is there.
      assertThat(ended.status()).as("%s", ended).isIn(130, 4);
    }
    before.assertUnchanged(ktd, laptop);
    HostState.assertNothingInCluster(cluster, SOON);
  }

  @Test
  void killedDaemonIsRepairedByRecoverAndTheClusterByItself() {
    ktd.up("--resume", "60s").expectSuccess();
    long killed = System.nanoTime();
    laptop.run("kill", "-KILL", ktd.daemons().getFirst().toString()).expectSuccess();
    Result recover = ktd.run("recover").expectSuccess();
    assertThat(recover.output() + recover.errors()).contains("resolv.conf");
    before.assertUnchanged(ktd, laptop);
    Duration passed = Duration.ofNanos(System.nanoTime() - killed);
    HostState.assertNothingInCluster(cluster, Duration.ofMinutes(2).minus(passed));
  }

  @Test
  void killedDaemonIsRepairedByTheNextUp() {
    ktd.up("--resume", "10s").expectSuccess();
    laptop.run("kill", "-KILL", ktd.daemons().getFirst().toString()).expectSuccess();
    ktd.up("--resume", "10s").expectSuccess();
    curlWeb().expectSuccess();
    ktd.run("down").expectSuccess();
    before.assertUnchanged(ktd, laptop);
    HostState.assertNothingInCluster(cluster, Duration.ofMinutes(2));
  }

  @Test
  void lostProxyPodIsReplaced() {
    ktd.up().expectSuccess();
    cluster
        .kubectl(
            "delete",
            "pod",
            "-l",
            "app.kubernetes.io/name=ktd",
            "--grace-period=0",
            "--force",
            "--wait=false")
        .expectSuccess();
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    Result curl = curlWeb();
    while (!curl.succeeded() && System.nanoTime() < deadline) {
      curl = curlWeb();
    }
    curl.expectSuccess();
    ktd.run("down").expectSuccess();
    before.assertUnchanged(ktd, laptop);
    HostState.assertNothingInCluster(cluster, SOON);
  }
}
