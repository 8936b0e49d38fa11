package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Runs every script in src/test/resources/tcp; docs/tcp-scripts.md has their language. */
final class TcpScriptsTest {
  @TestFactory
  Stream<DynamicTest> everyScriptHolds() throws IOException, URISyntaxException {
    Path folder =
        Path.of(Objects.requireNonNull(getClass().getResource("/tcp"), "scripts").toURI());
    try (Stream<Path> files = Files.walk(folder)) {
      List<Path> scripts = files.filter(file -> file.toString().endsWith(".pkt")).sorted().toList();
      return scripts.stream().map(script -> test(folder.relativize(script).toString(), script));
    }
  }

  private static DynamicTest test(String name, Path script) {
    return DynamicTest.dynamicTest(
        name, script.toUri(), () -> run(name, Files.readAllLines(script)));
  }

  private static void run(String name, List<String> lines) {
    assertThat(lines.getFirst()).as(name + " begins with what it shows").startsWith("# ");
    TcpScript.run(name, lines);
  }
}
