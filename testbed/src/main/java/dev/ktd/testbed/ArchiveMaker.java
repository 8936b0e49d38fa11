package dev.ktd.testbed;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Makes the testbed's image archives, by {@code testbed/images}, or finds them in its cache. */
record ArchiveMaker(Path sourceRoot) {

  /** What the sample application and ktd's proxy run. */
  List<Path> forTests() {
    return make("sample", "tools", "proxy");
  }

  private List<Path> make(String... names) {
    String[] command = new String[names.length + 1];
    command[0] = sourceRoot.resolve("testbed/images").toString();
    System.arraycopy(names, 0, command, 1, names.length);
    Result made =
        new Laptop(List.of(), Map.of()).run(Duration.ofMinutes(10), command).expectSuccess();
    return made.output().lines().map(Path::of).toList();
  }
}
