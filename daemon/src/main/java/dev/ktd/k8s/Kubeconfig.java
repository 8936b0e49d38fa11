package dev.ktd.k8s;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Several kubeconfig files merged by kubectl's rules: of entries with the same name the first wins,
 * and the current context is that of the first file that has one. Immutable.
 */
public final class Kubeconfig {
  /**
   * Reads and merges the files. Blocks. Files that do not exist are skipped as long as one exists.
   *
   * @param paths absolute, in order of precedence; not empty
   * @throws dev.ktd.error.KtdException KUBECONFIG when no file exists, one cannot be read, is empty
   *     or is not valid YAML; it names the file and, where known, the line
   */
  public static Kubeconfig load(List<Path> paths, FileSource files) {
    return NotYet.now();
  }

  /** The names of all contexts, in the order of the files. */
  public List<String> contexts() {
    return NotYet.now();
  }

  /**
   * The context with the cluster and user it names.
   *
   * @param context name, or null for the current context
   * @param namespace or null for the context's, else {@code default}
   * @throws dev.ktd.error.KtdException KUBECONFIG when there is no such context (the known ones are
   *     listed), no current one, or it names a cluster or user that does not exist
   */
  public KubeContext choose(@Nullable String context, @Nullable String namespace) {
    return NotYet.now();
  }
}
