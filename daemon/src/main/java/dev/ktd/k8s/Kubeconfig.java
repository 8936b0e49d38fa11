package dev.ktd.k8s;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.fabric8.kubernetes.api.model.AuthInfo;
import io.fabric8.kubernetes.api.model.Cluster;
import io.fabric8.kubernetes.api.model.Config;
import io.fabric8.kubernetes.api.model.Context;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Several kubeconfig files merged by kubectl's rules: of entries with the same name the first wins,
 * and the current context is that of the first file that has one. Immutable.
 */
public final class Kubeconfig {
  private final List<Path> files = new ArrayList<>();
  private final Map<String, KubeContext.Named<Context>> contexts = new LinkedHashMap<>();
  private final Map<String, KubeContext.Named<Cluster>> clusters = new LinkedHashMap<>();
  private final Map<String, KubeContext.Named<AuthInfo>> users = new LinkedHashMap<>();
  private @Nullable String current;

  private Kubeconfig() {}

  /**
   * Reads and merges the files. Blocks. Files that do not exist are skipped as long as one exists;
   * so are empty ones as long as one has contexts (kubectl does both).
   *
   * @param paths absolute, in order of precedence; not empty
   * @throws KtdException KUBECONFIG when no file exists, one cannot be read, all are empty, or one
   *     is not valid YAML; it names the file and, where known, the line
   */
  public static Kubeconfig load(List<Path> paths, FileSource files) {
    var merged = new Kubeconfig();
    var parser = new KubeconfigParser(files);
    for (Path path : paths) {
      Config config = parser.parse(path);
      if (config != null) {
        merged.add(path, config);
      }
    }
    if (merged.files.isEmpty()) {
      throw new KtdException(
          ErrorCode.KUBECONFIG,
          "no kubeconfig: " + joined(paths) + (paths.size() == 1 ? " does" : " do") + " not exist.",
          "Name one with --kubeconfig FILE or KUBECONFIG.");
    }
    if (merged.contexts.isEmpty()) {
      throw new KtdException(
          ErrorCode.KUBECONFIG,
          "the kubeconfig " + joined(merged.files) + " is empty: it has no context.",
          "Name another with --kubeconfig FILE or KUBECONFIG.");
    }
    return merged;
  }

  private void add(Path file, Config config) {
    files.add(file);
    if (current == null && present(config.getCurrentContext())) {
      current = config.getCurrentContext();
    }
    for (var entry : orNone(config.getContexts())) {
      if (present(entry.getName()) && entry.getContext() != null) {
        contexts.putIfAbsent(
            entry.getName(), new KubeContext.Named<>(entry.getName(), entry.getContext(), file));
      }
    }
    for (var entry : orNone(config.getClusters())) {
      if (present(entry.getName()) && entry.getCluster() != null) {
        clusters.putIfAbsent(
            entry.getName(), new KubeContext.Named<>(entry.getName(), entry.getCluster(), file));
      }
    }
    for (var entry : orNone(config.getUsers())) {
      if (present(entry.getName()) && entry.getUser() != null) {
        users.putIfAbsent(
            entry.getName(), new KubeContext.Named<>(entry.getName(), entry.getUser(), file));
      }
    }
  }

  /** The names of all contexts, in the order of the files. */
  public List<String> contexts() {
    return List.copyOf(contexts.keySet());
  }

  /**
   * The context with the cluster and user it names.
   *
   * @param context name, or null for the current context
   * @param namespace or null for the context's, else {@code default}
   * @throws KtdException KUBECONFIG when there is no such context (the known ones are listed), no
   *     current one, or it names a cluster or user that does not exist
   */
  public KubeContext choose(@Nullable String context, @Nullable String namespace) {
    String name = context != null ? context : current;
    if (name == null) {
      throw new KtdException(
          ErrorCode.KUBECONFIG,
          "the kubeconfig " + joined(files) + " has no current-context.",
          "Choose one: " + commands());
    }
    var chosen = contexts.get(name);
    if (chosen == null) {
      throw new KtdException(
          ErrorCode.KUBECONFIG,
          (context != null ? "there is no context " : "the current-context is ")
              + quoted(name)
              + (context != null ? " in " + joined(files) + "." : ", which does not exist.")
              + " Known: "
              + contexts.keySet().stream().map(Kubeconfig::quoted).collect(Collectors.joining(", "))
              + ".",
          "Choose one: " + commands());
    }
    var cluster = clusters.get(orEmpty(chosen.value().getCluster()));
    if (cluster == null) {
      throw undefined(chosen, "cluster", orEmpty(chosen.value().getCluster()), clusters);
    }
    // A context without a user is anonymous for kubectl, one with an unknown user is a mistake.
    String userName = orEmpty(chosen.value().getUser());
    var user =
        userName.isEmpty()
            ? new KubeContext.Named<>("anonymous", new AuthInfo(), chosen.file())
            : users.get(userName);
    if (user == null) {
      throw undefined(chosen, "user", userName, users);
    }
    String inContext = orEmpty(chosen.value().getNamespace());
    String effective = orEmpty(namespace).isEmpty() ? inContext : orEmpty(namespace);
    return new KubeContext(name, effective.isEmpty() ? "default" : effective, cluster, user);
  }

  private static KtdException undefined(
      KubeContext.Named<Context> context, String kind, String name, Map<String, ?> known) {
    return new KtdException(
        ErrorCode.KUBECONFIG,
        "the context "
            + quoted(context.name())
            + " in "
            + context.file()
            + " names the "
            + kind
            + " "
            + quoted(name)
            + ", which no kubeconfig defines. Known: "
            + (known.isEmpty()
                ? "none"
                : known.keySet().stream().map(Kubeconfig::quoted).collect(Collectors.joining(", ")))
            + ".",
        "Correct it in " + context.file() + ".");
  }

  private String commands() {
    return contexts.keySet().stream()
        .limit(5)
        .map(name -> "ktd up --context " + shellWord(name))
        .collect(Collectors.joining("    "));
  }

  /** Context names may hold anything; a hint must survive being pasted into a shell. */
  static String shellWord(String text) {
    return text.matches("[A-Za-z0-9@%+=:,./_-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
  }

  private static String joined(List<Path> paths) {
    return paths.stream().map(Path::toString).collect(Collectors.joining(", "));
  }

  static String quoted(String text) {
    return '"' + text + '"';
  }

  private static <T> List<T> orNone(@Nullable List<T> list) {
    return list == null ? List.of() : list;
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }

  private static boolean present(@Nullable String text) {
    return text != null && !text.isEmpty();
  }
}
