package dev.ktd.testbed;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The node of {@code testbed/node}, and its laptop namespace. A node that is up already is used and
 * left up; so is one that the tests started, if {@code KTD_TEST_KEEP=1}.
 */
record EmbeddedNode(Settings settings) implements ClusterProvider {
  /** A first start compiles Kubernetes: about seven minutes on two cores. */
  private static final Duration START_LIMIT = Duration.ofMinutes(30);

  private static final Duration LIMIT = Duration.ofMinutes(2);

  /** The nodes's own containerd; see run-node. */
  private static final String SOCKET = "/var/lib/ktd-testbed/node/run/containerd.sock";

  @Override
  public TestCluster start() {
    Path root = settings.sourceRoot();
    String node = root.resolve("testbed/node").toString();
    Laptop machine = new Laptop(List.of(), Map.of());
    boolean wasUp = machine.run(LIMIT, node, "status").succeeded();
    Result up = machine.run(START_LIMIT, node, "up");
    if (!up.succeeded()) {
      throw new IllegalStateException("no cluster for the tests: " + up);
    }
    Map<String, String> told = assignments(up.output());
    String kubeconfig = required(told, "KUBECONFIG");
    Laptop laptop =
        Laptop.inNamespace(
            "ktd-laptop", Map.of("KUBECONFIG", kubeconfig, "KUBECTL", required(told, "KUBECTL")));
    return new TestCluster(
        "node",
        Path.of(kubeconfig),
        Optional.ofNullable(told.get("KUBECONFIG6")).map(Path::of),
        laptop,
        root,
        new Containerd(machine),
        Optional.of(new ByNode(machine, node)),
        () -> {
          if (!wasUp && !settings.isOn("KTD_TEST_KEEP")) {
            machine.run(LIMIT, node, "down").expectSuccess();
          }
        });
  }

  /** Reads lines such as {@code NAME=VALUE}. */
  static Map<String, String> assignments(String text) {
    var found = new HashMap<String, String>();
    for (String line : text.lines().toList()) {
      int equals = line.indexOf('=');
      if (equals > 0) {
        found.put(line.substring(0, equals), line.substring(equals + 1));
      }
    }
    return found;
  }

  private static String required(Map<String, String> told, String name) {
    String value = told.get(name);
    if (value == null) {
      throw new IllegalStateException(
          "testbed/node up did not print " + name + "; it said " + told);
    }
    return value;
  }

  private record ByNode(Laptop machine, String node) implements Components {
    @Override
    public void stop(Component component) {
      order("stop", component);
    }

    @Override
    public void start(Component component) {
      order("start", component);
    }

    private void order(String verb, Component component) {
      machine.run(LIMIT, node, verb, component.name().toLowerCase(Locale.ROOT)).expectSuccess();
    }
  }

  /** The images for tests are imported when the node starts. */
  private record Containerd(Laptop machine) implements TestCluster.Images {
    @Override
    public void load(Path archive) {
      machine
          .run(LIMIT, "ctr", "-a", SOCKET, "-n", "k8s.io", "images", "import", archive.toString())
          .expectSuccess();
    }

    @Override
    public void loadForTests() {}
  }
}
