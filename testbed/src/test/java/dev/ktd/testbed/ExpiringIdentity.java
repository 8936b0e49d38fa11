package dev.ktd.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;

/**
 * A service account whose tokens come from a credential plug-in, and end when a test says so: each
 * is bound to a Secret, and not accepted any more once that is deleted. Close it to delete all of
 * it.
 */
final class ExpiringIdentity implements AutoCloseable {
  private static final String NAME = "expiring";

  /** The API server remembers for 10 s that it has accepted a token. */
  private static final Duration REMEMBERED = Duration.ofSeconds(30);

  private final TestCluster cluster;
  private final Path token;
  private final Path asked;
  private final Path plugin;

  /**
   * @param folder for the plug-in, and the token that it gives
   */
  ExpiringIdentity(TestCluster cluster, Path folder) {
    this.cluster = cluster;
    this.token = folder.resolve("token");
    this.asked = folder.resolve("asked");
    // In a folder: kubectl writes paths as relative ones, and one without a slash would be looked
    // for on PATH.
    this.plugin = folder.resolve("bin/plugin");
    delete();
    kubectl("create", "serviceaccount", NAME);
    kubectl(
        "create",
        "clusterrolebinding",
        NAME,
        "--clusterrole=cluster-admin",
        "--serviceaccount=default:" + NAME);
    try {
      Files.createDirectories(folder.resolve("bin"));
      Files.writeString(token, "");
      Files.writeString(asked, "");
      Files.writeString(
          plugin,
          """
          #!/bin/sh
          echo asked >> %s
          token=$(cat %s)
          [ -n "$token" ] || { echo 'please sign in again' >&2; exit 1; }
          echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"'"$token"'"}}'
          """
              .formatted(asked, token));
      Files.setPosixFilePermissions(plugin, PosixFilePermissions.fromString("rwxr-xr-x"));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write a credential plug-in", e);
    }
  }

  private Result kubectl(String... arguments) {
    return cluster.kubectl(arguments).expectSuccess();
  }

  /** Makes it the user of a kubeconfig's current context. */
  void use(Path kubeconfig) {
    String file = "--kubeconfig=" + kubeconfig;
    kubectl(
        "config",
        file,
        "set-credentials",
        NAME,
        "--exec-api-version=client.authentication.k8s.io/v1",
        "--exec-interactive-mode=Never",
        "--exec-command=" + plugin);
    kubectl("config", file, "set-context", "--current", "--user=" + NAME);
  }

  /** From now on the plug-in gives a new token. */
  void issue(String secret) {
    kubectl("create", "secret", "generic", NAME + "-" + secret);
    give(
        kubectl(
                "create",
                "token",
                NAME,
                "--bound-object-kind=Secret",
                "--bound-object-name=" + NAME + "-" + secret)
            .text());
  }

  /** From now on the plug-in gives none, as when somebody must sign in again. */
  void refuse() {
    give("");
  }

  /** Ends the last token that was given, of this name; returns when the API server knows. */
  void revoke(String secret) {
    Path own = token.resolveSibling("kubeconfig-with-token");
    try {
      Files.copy(cluster.kubeconfig(), own);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + own, e);
    }
    kubectl(
        "config", "--kubeconfig=" + own, "set", "users." + NAME + ".tokenFile", token.toString());
    kubectl("delete", "secret", NAME + "-" + secret);
    long deadline = System.nanoTime() + REMEMBERED.toNanos();
    Result answer;
    do {
      answer = cluster.kubectl("--kubeconfig=" + own, "--user=" + NAME, "get", "--raw", "/version");
    } while (answer.succeeded() && System.nanoTime() < deadline);
    if (answer.succeeded() || !answer.errors().contains("Unauthorized")) {
      throw new AssertionError("the token should not be accepted any more: " + answer);
    }
  }

  /** How often the plug-in was run. */
  long asked() {
    try (var lines = Files.lines(asked)) {
      return lines.count();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + asked, e);
    }
  }

  private void give(String text) {
    try {
      Path part = Files.writeString(token.resolveSibling("token.part"), text);
      Files.move(part, token, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + token, e);
    }
  }

  private void delete() {
    kubectl("delete", "clusterrolebinding", NAME, "--ignore-not-found");
    kubectl("delete", "serviceaccount", NAME, "--ignore-not-found");
    kubectl("delete", "secret", NAME + "-first", NAME + "-second", "--ignore-not-found");
  }

  @Override
  public void close() {
    delete();
  }
}
