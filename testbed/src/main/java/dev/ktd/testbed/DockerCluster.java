package dev.ktd.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.k3s.K3sContainer;
import org.testcontainers.utility.DockerImageName;
import org.testcontainers.utility.MountableFile;

/**
 * Testcontainers' K3s in a Docker Engine. {@code KTD_TEST_K3S_IMAGE} names another image than
 * rancher/k3s that keeps its contract, such as the one that {@code testbed/docker up} makes. The
 * laptop is where the tests themselves run: that is where the engine publishes the API server's
 * port.
 */
record DockerCluster(Settings settings) implements ClusterProvider {
  private static final String DEFAULT_IMAGE = "rancher/k3s:v1.34.2-k3s1";

  /**
   * Whether Testcontainers finds an engine here. Where there is no sign of one, it is not asked: it
   * would log its search as an error.
   */
  static boolean engineAnswers() {
    String home = System.getProperty("user.home", "/");
    String runtime = System.getenv().getOrDefault("XDG_RUNTIME_DIR", "/run/user/0");
    boolean sign =
        System.getenv("DOCKER_HOST") != null
            || Stream.of(
                    Path.of("/var/run/docker.sock"),
                    Path.of(runtime, "docker.sock"),
                    Path.of(home, ".docker/run/docker.sock"),
                    Path.of(home, ".testcontainers.properties"))
                .anyMatch(Files::exists);
    return sign && DockerClientFactory.instance().isDockerAvailable();
  }

  @Override
  public TestCluster start() {
    if (!engineAnswers()) {
      throw new IllegalStateException(
          "KTD_TEST_PROVIDER is docker, but no Docker Engine answers. Start one, or let"
              + " testbed/docker up make one");
    }
    Path root = settings.sourceRoot();
    String image = settings.value("KTD_TEST_K3S_IMAGE").orElse(DEFAULT_IMAGE);
    // The container is closed with the cluster.
    @SuppressWarnings("resource")
    var container =
        new K3sContainer(DockerImageName.parse(image).asCompatibleSubstituteFor("rancher/k3s"));
    container.start();
    Path kubeconfig = write(container.getKubeConfigYaml());
    Laptop laptop = new Laptop(List.of(), Map.of("KUBECONFIG", kubeconfig.toString()));
    return new TestCluster(
        "docker",
        kubeconfig,
        Optional.empty(),
        laptop,
        root,
        new InContainer(container, new ArchiveMaker(root)),
        Optional.empty(),
        () -> {
          container.stop();
          delete(kubeconfig);
        });
  }

  private static Path write(String kubeconfig) {
    try {
      // Files.createTempFile gives it to this user alone.
      return Files.writeString(Files.createTempFile("ktd-test-", ".kubeconfig"), kubeconfig);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the kubeconfig of the container", e);
    }
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot delete " + file, e);
    }
  }

  private record InContainer(K3sContainer container, ArchiveMaker archives)
      implements TestCluster.Images {
    /** k3s's own containerd, or that of testbed's node image. */
    private static final String IMPORT =
        """
        for socket in /run/k3s/containerd/containerd.sock /var/lib/ktd-node/run/containerd.sock; do
          if [ -S "$socket" ]; then exec ctr -a "$socket" -n k8s.io images import "$1"; fi
        done
        echo "no containerd here" >&2
        exit 1
        """;

    @Override
    public void load(Path archive) {
      String inside = "/tmp/" + archive.getFileName();
      container.copyFileToContainer(MountableFile.forHostPath(archive), inside);
      try {
        expectSuccess(container.execInContainer("sh", "-c", IMPORT, "sh", inside), archive);
        expectSuccess(container.execInContainer("rm", "-f", inside), archive);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot load " + archive + " into the container", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while loading " + archive, e);
      }
    }

    private static void expectSuccess(ExecResult result, Path archive) {
      if (result.getExitCode() != 0) {
        throw new IllegalStateException(
            "cannot load " + archive + " into the container: " + result.getStderr());
      }
    }

    @Override
    public void loadForTests() {
      archives.forTests().forEach(this::load);
    }
  }
}
