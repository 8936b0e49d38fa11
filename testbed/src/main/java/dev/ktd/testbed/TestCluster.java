package dev.ktd.testbed;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A cluster with ready nodes, and the laptop that wants to get into it. Safe for use by many
 * threads.
 */
public final class TestCluster implements AutoCloseable {
  private final String provider;
  private final Path kubeconfig;
  private final Optional<Path> kubeconfigByIpv6;
  private final Laptop laptop;
  private final String kubectl;
  private final Path sourceRoot;
  private final Images images;
  private final Optional<Components> components;
  private final Runnable end;

  /** How images get into the cluster. */
  interface Images {
    /** Puts the image in the archive into the cluster's nodes. */
    void load(Path archive);

    /** Sees to it that the images of the sample application and of ktd's proxy are there. */
    void loadForTests();
  }

  TestCluster(
      String provider,
      Path kubeconfig,
      Optional<Path> kubeconfigByIpv6,
      Laptop laptop,
      Path sourceRoot,
      Images images,
      Optional<Components> components,
      Runnable end) {
    this.provider = provider;
    this.kubeconfig = kubeconfig;
    this.kubeconfigByIpv6 = kubeconfigByIpv6;
    this.kubectl = laptop.environment().getOrDefault("KUBECTL", "kubectl");
    this.laptop = laptop;
    this.sourceRoot = sourceRoot;
    this.images = images;
    this.components = components;
    this.end = end;
  }

  /** Where this cluster comes from: {@code named}, {@code docker} or {@code node}. */
  public String provider() {
    return provider;
  }

  /** A kubeconfig with all rights, for use on the laptop. */
  public Path kubeconfig() {
    return kubeconfig;
  }

  /** The same cluster by an IPv6 address only, where it has one. */
  public Optional<Path> kubeconfigByIpv6() {
    return kubeconfigByIpv6;
  }

  /** Where ktd runs in tests; its commands get KUBECONFIG of this cluster. */
  public Laptop laptop() {
    return laptop;
  }

  /** The parts of its node, where a test may take them away. */
  public Optional<Components> components() {
    return components;
  }

  /** The root of ktd's source tree, in which the tests run. */
  public Path sourceRoot() {
    return sourceRoot;
  }

  /** The kubectl that fits this cluster, for use on the laptop. */
  public String kubectlProgram() {
    return kubectl;
  }

  /** Runs kubectl on the laptop, with all rights. */
  public Result kubectl(String... arguments) {
    return kubectl(Laptop.DEFAULT_LIMIT, arguments);
  }

  /** The same for what may take longer. */
  public Result kubectl(Duration limit, String... arguments) {
    var command = new ArrayList<>(List.of(kubectl));
    command.addAll(List.of(arguments));
    return laptop.run(limit, command.toArray(String[]::new));
  }

  /** The address of a service of the sample application in namespace default. */
  public String clusterIp(String service) {
    return kubectl("get", "service", service, "-o", "jsonpath={.spec.clusterIP}")
        .expectSuccess()
        .text();
  }

  /**
   * Deploys the sample application of {@code testbed/app} and waits until all of it is ready: web,
   * redis, iperf3 and udp-echo in namespace default, api in namespace shop. Doing it again is quick
   * and changes nothing.
   */
  public void deployApplication() {
    images.loadForTests();
    laptop
        .run(Duration.ofMinutes(2), sourceRoot.resolve("testbed/app/deploy").toString())
        .expectSuccess();
  }

  /**
   * Puts an image archive, as {@code make image} writes it, into the cluster's nodes.
   *
   * @throws IllegalStateException if this cluster cannot take one; the message says what to do
   */
  public void loadImage(Path archive) {
    images.load(archive);
  }

  /** Ends the cluster if the run of the tests started it. */
  @Override
  public void close() {
    end.run();
  }
}
