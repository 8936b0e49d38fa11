package dev.ktd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Runs the inputs of all fuzz targets, each once: {@code src/test/resources/fuzz/CLASS/*}. With
 * {@code -Dktd.fuzz.target=CLASS -Dktd.fuzz.input=FILE} it runs that one file only.
 */
final class FuzzCorpusTest {
  private static final Path TESTS = Path.of("src/test/java");
  private static final Path CORPUS = Path.of("src/test/resources/fuzz");

  @TestFactory
  Stream<DynamicContainer> everyInputHolds() throws IOException, ReflectiveOperationException {
    String only = System.getProperty("ktd.fuzz.target");
    if (only != null) {
      Path input = Path.of(System.getProperty("ktd.fuzz.input", ""));
      return Stream.of(container(only, List.of(input)));
    }
    List<DynamicContainer> all = new ArrayList<>();
    for (Path folder : list(CORPUS)) {
      all.add(container(folder.getFileName().toString(), list(folder)));
    }
    return all.stream();
  }

  @Test
  void everyTargetHasInputs() throws IOException {
    try (Stream<Path> files = Files.walk(TESTS)) {
      List<String> targets =
          files
              .map(file -> TESTS.relativize(file).toString())
              .filter(name -> name.endsWith("Fuzz.java"))
              .map(name -> name.replace(".java", "").replace('/', '.'))
              .sorted()
              .toList();
      List<String> folders =
          list(CORPUS).stream().map(folder -> folder.getFileName().toString()).toList();
      assertThat(folders).isNotEmpty().isEqualTo(targets);
    }
  }

  private static List<Path> list(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  /** The method is what Jazzer calls, too. */
  private static DynamicContainer container(String name, List<Path> inputs)
      throws ReflectiveOperationException {
    MethodHandle target =
        MethodHandles.publicLookup()
            .findStatic(
                Class.forName(name),
                "fuzzerTestOneInput",
                MethodType.methodType(void.class, byte[].class));
    return DynamicContainer.dynamicContainer(
        name,
        inputs.stream()
            .map(
                file ->
                    DynamicTest.dynamicTest(
                        file.getFileName().toString(),
                        () -> {
                          target.invokeExact(Files.readAllBytes(file));
                        })));
  }
}
