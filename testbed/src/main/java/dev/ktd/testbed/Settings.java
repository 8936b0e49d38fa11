package dev.ktd.testbed;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/**
 * What the person who runs the tests chose, by system property or by environment variable of the
 * same name; the property wins. Empty values count as not set.
 */
final class Settings {
  private final Properties properties;
  private final Map<String, String> environment;

  Settings(Properties properties, Map<String, String> environment) {
    this.properties = properties;
    this.environment = environment;
  }

  static Settings ofThisProcess() {
    return new Settings(System.getProperties(), System.getenv());
  }

  Optional<String> value(String name) {
    return Optional.ofNullable(properties.getProperty(name))
        .or(() -> Optional.ofNullable(environment.get(name)))
        .filter(value -> !value.isBlank());
  }

  boolean isOn(String name) {
    return value(name).filter(value -> !value.equals("0") && !value.equals("false")).isPresent();
  }

  /** The root of the source tree: the nearest folder upwards that has {@code testbed/node}. */
  Path sourceRoot() {
    Path start = Path.of(properties.getProperty("user.dir", "")).toAbsolutePath();
    for (Path folder = start; folder != null; folder = folder.getParent()) {
      if (Files.isExecutable(folder.resolve("testbed/node"))) {
        return folder;
      }
    }
    throw new IllegalStateException(
        "no testbed/node in "
            + start
            + " or above: run the cluster tests inside ktd's source tree, or name a cluster with"
            + " KTD_TEST_KUBECONFIG");
  }
}
