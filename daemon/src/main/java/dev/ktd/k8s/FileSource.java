package dev.ktd.k8s;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Reads files with the rights of the person for whom ktd works, never with those of root: a
 * kubeconfig may name any file as its token.
 */
@FunctionalInterface
public interface FileSource {
  /**
   * The whole content of the file. Blocks.
   *
   * @param path absolute
   * @throws java.nio.file.NoSuchFileException when it does not exist
   * @throws java.nio.file.AccessDeniedException when the person may not read it
   * @throws IOException for any other failure; its message is shown
   */
  byte[] read(Path path) throws IOException;
}
