package dev.ktd.k8s;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Files of a person's home as a map; fixtures come from src/test/resources/kubeconfig. */
final class Kubeconfigs implements FileSource {
  static final Path HOME = Path.of("/home/ana/.kube");

  private final Map<Path, byte[]> files = new HashMap<>();

  @Override
  public byte[] read(Path path) throws IOException {
    byte[] bytes = files.get(path);
    if (bytes == null) {
      throw new NoSuchFileException(path.toString());
    }
    return bytes;
  }

  Kubeconfigs with(String name, String text) {
    files.put(HOME.resolve(name), text.getBytes(StandardCharsets.UTF_8));
    return this;
  }

  Kubeconfigs fixture(String name) {
    try (InputStream in = Kubeconfigs.class.getResourceAsStream("/kubeconfig/" + name)) {
      files.put(HOME.resolve(name), in.readAllBytes());
      return this;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  Kubeconfig load(String... names) {
    return Kubeconfig.load(List.of(names).stream().map(HOME::resolve).toList(), this);
  }

  /**
   * The context of a kubeconfig with one cluster and one user, each given as YAML flow mappings.
   */
  KubeContext context(String cluster, String user) {
    String text =
        """
        apiVersion: v1
        kind: Config
        current-context: dev
        clusters:
        - name: dev
          cluster: %s
        contexts:
        - name: dev
          context: {cluster: dev, user: ana, namespace: shop}
        users:
        - name: ana
          user: %s
        """
            .formatted(cluster, user);
    return with("config", text).load("config").choose(null, null);
  }
}
