package dev.ktd.k8s;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Runs a credential plug-in of a kubeconfig as the person for whom ktd works, never as root. */
@FunctionalInterface
public interface PluginRunner {
  /**
   * Runs the plug-in to its end. Blocks.
   *
   * @param command program and arguments; a program without a slash is looked up in the person's
   *     PATH, one with a slash is absolute
   * @param environment added to the person's environment
   * @param input given on standard input, then closed
   * @param limit after which the program is ended and an {@link IOException} thrown
   * @throws java.nio.file.NoSuchFileException when there is no such program
   * @throws IOException when it cannot be started or outlives the limit; the message is shown
   */
  Result run(List<String> command, Map<String, String> environment, String input, Duration limit)
      throws IOException;

  /** How it ended. The output holds credentials: it is never logged. */
  record Result(int exitStatus, String output, String errors) {
    /** Without the output. */
    @Override
    public String toString() {
      return "Result[exitStatus=" + exitStatus + "]";
    }
  }
}
