package dev.ktd.testbed;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** Each thing that can be wrong has its exit code, one clear message, and leaves nothing behind. */
@ClusterTest
final class FaultsIT {
  private final TestCluster cluster;
  private final Laptop laptop;
  private final Ktd ktd;

  @TempDir(cleanup = CleanupMode.ALWAYS)
  Path folder = Path.of("/");

  private HostState before = new HostState("", "");

  FaultsIT(TestCluster cluster) {
    this.cluster = cluster;
    this.laptop = cluster.laptop();
    this.ktd = new Ktd(cluster);
  }

  @BeforeEach
  void startDisconnected() throws IOException {
    // The person behind sudo reads the kubeconfig with its own rights.
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    ktd.down();
    ktd.run("recover").expectSuccess();
    before = HostState.of(laptop);
  }

  @AfterEach
  void nothingIsLeft() {
    ktd.down();
    before.assertUnchanged(ktd, laptop);
    HostState.assertNothingInCluster(cluster, Duration.ofSeconds(30));
  }

  private static void assertFails(Result result, int status, String... said) {
    assertThat(result.status()).as("%s", result).isEqualTo(status);
    assertThat(result.errors()).contains("ktd: ").contains(said);
    assertThat(result.errors()).doesNotContain("Exception", "\tat ");
  }

  /** A copy of the cluster's kubeconfig with one text replaced. */
  private String kubeconfig(String original, String replacement) throws IOException {
    String text = Files.readString(cluster.kubeconfig());
    String changed = text.replaceAll(original, replacement);
    assertThat(changed).isNotEqualTo(text);
    return write(changed);
  }

  private String write(String kubeconfig) throws IOException {
    Path file = folder.resolve("kubeconfig");
    Files.writeString(file, kubeconfig);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    return file.toString();
  }

  /** Runs {@code up} in a mount namespace that a script has prepared. */
  private Result upAfter(String preparation) {
    return laptop.run(
        Ktd.LIMIT,
        "unshare",
        "--mount",
        "bash",
        "-c",
        preparation + "\nexec \"$0\" up --namespace default",
        ktd.program());
  }

  @Test
  void withoutRootSaysSudo() {
    Result up =
        laptop.run(
            Ktd.LIMIT,
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            ktd.program(),
            "up",
            "--namespace",
            "default");
    assertFails(up, 5, "only root", "sudo ", "ktd up --namespace default");
  }

  @Test
  void withoutTunDeviceSaysSo() {
    assertFails(upAfter("mount -t tmpfs none /dev/net"), 5, "/dev/net/tun");
  }

  @Test
  void unwritableRunSaysSo() {
    assertFails(
        upAfter("mkdir -p /run/ktd && mount -t tmpfs -o ro,mode=755 none /run/ktd"), 5, "/run/ktd");
  }

  @Test
  void leftoverDeviceOfAnotherIsNotTouched() {
    laptop.run("ip", "tuntap", "add", "dev", "ktd0", "mode", "tun").expectSuccess();
    try {
      assertFails(ktd.up(), 5, "ktd0", "ip link delete ktd0");
      laptop.run("ip", "link", "show", "dev", "ktd0").expectSuccess();
    } finally {
      laptop.run("ip", "link", "delete", "ktd0").expectSuccess();
    }
  }

  @Test
  void unreachableServerIsNamed() throws IOException {
    String file = kubeconfig("https://[^\"\\s,}]+", "https://10.99.0.1:1");
    assertFails(ktd.up("--kubeconfig", file), 4, "10.99.0.1:1");
  }

  @Test
  void wrongTokenIsNotAccepted() throws IOException {
    String file = kubeconfig("token: \\S+?(?=[},\\s])", "token: expired-long-ago");
    Result up = ktd.up("--kubeconfig", file);
    assertFails(up, 3, "not accept");
    assertThat(up.errors()).doesNotContain("expired-long-ago");
  }

  @Test
  void missingKubeconfigIsNamed() {
    assertFails(ktd.up("--kubeconfig", "/nowhere/config"), 3, "/nowhere/config");
  }

  @Test
  void unknownContextListsTheKnownOnes() {
    assertFails(ktd.up("--context", "nope"), 3, "nope", "default");
  }

  @Test
  void missingNamespaceIsNamed() {
    assertFails(ktd.run("up", "--namespace", "defalt"), 4, "defalt");
  }

  @Test
  void invalidNetworkIsUsage() {
    assertFails(ktd.up("--cidr", "10.0.0.0/99"), 2, "10.0.0.0/99");
  }

  @Test
  void missingRightsAreListed() throws IOException {
    cluster.kubectl("create", "serviceaccount", "poor").expectSuccess();
    try {
      String token = cluster.kubectl("create", "token", "poor").expectSuccess().text();
      String file = kubeconfig("token: \\S+?(?=[},\\s])", "token: " + token);
      assertFails(ktd.up("--kubeconfig", file), 4, "create", "jobs", "default");
    } finally {
      cluster.kubectl("delete", "serviceaccount", "poor").expectSuccess();
    }
  }

  @Test
  void missingImageSaysHowToGetItThere() {
    assertFails(
        ktd.up("--image", "docker.io/ktd/absent:1"), 4, "docker.io/ktd/absent:1", "--image");
  }

  @Test
  void exceededQuotaIsToldInTheServersWords() {
    cluster.kubectl("create", "namespace", "tight").expectSuccess();
    try {
      cluster.kubectl("-n", "tight", "create", "quota", "nothing", "--hard=pods=0").expectSuccess();
      assertFails(ktd.run("up", "-n", "tight"), 4, "exceeded quota");
    } finally {
      cluster.kubectl("delete", "namespace", "tight").expectSuccess();
    }
  }

  @Test
  void podEvictedWhileConnectingIsMadeAnewOrTold() {
    try (Running up = ktd.start("up", "-n", "default")) {
      String name = "";
      long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
      while (name.isEmpty() && up.isAlive() && System.nanoTime() < deadline) {
        name =
            cluster.kubectl("get", "pods", "-l", "app.kubernetes.io/name=ktd", "-o", "name").text();
      }
      assertThat(name).startsWith("pod/ktd-");
      cluster.kubectl("delete", name, "--grace-period=0", "--force", "--wait=false");
      Result ended = up.await(Ktd.LIMIT);
      if (ended.succeeded()) {
        long limit = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        Result dig = digWeb();
        while (!dig.succeeded() && System.nanoTime() < limit) {
          dig = digWeb();
        }
        dig.expectSuccess();
      } else {
        assertFails(ended, 4, "ktd-");
      }
    }
  }

  private Result digWeb() {
    return laptop.run("getent", "hosts", "kubernetes.default.svc.cluster.local");
  }

  @Test
  void contextWithSpacesWorks() throws IOException {
    String file =
        kubeconfig(
            "(?s)contexts: \\[\\{name: default(.*)current-context: default",
            "contexts: [{name: \"my dev cluster\"$1current-context: \"\"");
    ktd.up("--kubeconfig", file, "--context", "my dev cluster").expectSuccess();
    assertThat(ktd.status().get("context").asString()).isEqualTo("my dev cluster");
  }

  @Test
  void serverByIpv6AddressWorks() {
    Assumptions.assumeTrue(cluster.kubeconfigByIpv6().isPresent(), "no IPv6 in this cluster");
    String file = cluster.kubeconfigByIpv6().orElseThrow().toString();
    Result up = ktd.up("--kubeconfig", file).expectSuccess();
    assertThat(up.errors()).contains("https://[");
    laptop.run("getent", "hosts", "kubernetes.default.svc.cluster.local").expectSuccess();
  }

  @Test
  void credentialPluginRunsAsThePersonBehindSudo() throws IOException {
    String token =
        java.util.regex.Pattern.compile("token: \"?([^\"},\\s]+)")
            .matcher(Files.readString(cluster.kubeconfig()))
            .results()
            .findFirst()
            .orElseThrow()
            .group(1);
    Path plugin = folder.resolve("plugin");
    Path ran = folder.resolve("ran-as");
    Files.writeString(ran, "");
    Files.setPosixFilePermissions(ran, PosixFilePermissions.fromString("rw-rw-rw-"));
    Files.writeString(
        plugin,
        """
        #!/bin/sh
        id -u > %s
        echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}'
        """
            .formatted(ran, token));
    Files.setPosixFilePermissions(plugin, PosixFilePermissions.fromString("rwxr-xr-x"));
    String file =
        kubeconfig(
            "\\{token: \\S+?\\}",
            "{exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: "
                + plugin
                + "}}");
    List<String> command =
        new ArrayList<>(
            List.of("env", "SUDO_USER=nobody", "SUDO_UID=65534", "SUDO_GID=65534", ktd.program()));
    command.addAll(List.of("up", "--namespace", "default", "--kubeconfig", file));
    laptop.run(Ktd.LIMIT, command.toArray(String[]::new)).expectSuccess();
    assertThat(Files.readString(ran).strip()).isEqualTo("65534");
    assertThat(ktd.status().get("user").asString()).isEqualTo("nobody");
  }
}
