package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Holds docs/tcp-conformance.md to what is in the tree: the proofs it names exist, none is left
 * out.
 */
final class TcpConformanceTest {
  private static final Path PAGE = Path.of("../docs/tcp-conformance.md");
  private static final Path SCRIPTS = Path.of("src/test/resources/tcp");
  private static final Path TESTS = Path.of("src/test");
  private static final Pattern LINK = Pattern.compile("(?m)^\\[([^]]+)]: (.*)$\n?");
  private static final Pattern NAME = Pattern.compile("\\[([A-Za-z0-9/-]+)](?!\\()");

  @Test
  void theProofsExistAndEveryScriptIsOneOfThem() throws IOException {
    String text = LINK.matcher(Files.readString(PAGE)).replaceAll("");
    Map<String, String> tree = inTheTree();
    TreeSet<String> named =
        NAME.matcher(text)
            .results()
            .map((MatchResult match) -> match.group(1))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(without(named, tree.keySet())).as("named, but not in the tree").isEmpty();
    Set<String> unnamed = without(tree.keySet(), named);
    unnamed.removeIf(name -> !name.contains("/"));
    assertThat(unnamed).as("scripts that the page does not name").isEmpty();
    String links =
        named.stream()
            .map(name -> "[" + name + "]: " + tree.get(name))
            .collect(Collectors.joining("\n", "\n", "\n"));
    if (Boolean.getBoolean("golden.update")) {
      Files.writeString(PAGE, text.strip() + "\n" + links);
    }
    assertThat(Files.readString(PAGE)).as("-Dgolden.update=true writes the links").endsWith(links);
  }

  private static Set<String> without(Set<String> all, Set<String> some) {
    Set<String> left = new TreeSet<>(all);
    left.removeAll(some);
    return left;
  }

  /** Scripts by folder and name, test classes by name; each with its path from the page. */
  private static Map<String, String> inTheTree() throws IOException {
    Map<String, String> found = new TreeMap<>();
    try (Stream<Path> files = Files.walk(TESTS)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String path = file.toString();
        if (path.endsWith(".pkt")) {
          String name = SCRIPTS.relativize(file).toString();
          found.put(name.substring(0, name.length() - 4), "../daemon/" + path);
        } else if (path.endsWith(".java")) {
          String name = String.valueOf(file.getFileName());
          found.put(name.substring(0, name.length() - 5), "../daemon/" + path);
        }
      }
    }
    return found;
  }
}
