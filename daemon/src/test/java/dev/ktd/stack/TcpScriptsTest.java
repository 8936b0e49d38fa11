package dev.ktd.stack;

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
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> scripts = files.filter(file -> file.toString().endsWith(".pkt")).sorted().toList();
      return scripts.stream().map(TcpScriptsTest::test);
    }
  }

  private static DynamicTest test(Path script) {
    String name = Objects.requireNonNull(script.getFileName(), "a file").toString();
    return DynamicTest.dynamicTest(
        name, script.toUri(), () -> TcpScript.run(name, Files.readAllLines(script)));
  }
}
