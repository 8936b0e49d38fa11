package dev.ktd.os;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Runs programs without a shell. Blocks: never on an event loop. */
public interface CommandRunner {
  /**
   * Runs {@code command} with the rights of the daemon and a minimal environment.
   *
   * @param input given on standard input, then closed
   * @throws dev.ktd.error.KtdException INTERNAL when the program cannot be started, TIMEOUT when it
   *     outlives {@code limit} (it is then ended)
   */
  Result run(List<String> command, String input, Duration limit);

  /**
   * The same with the uid, gid and groups of {@code person} and nothing of root's environment.
   *
   * @param environment added to HOME, USER, LOGNAME and PATH of the person
   */
  Result runAs(
      Person person,
      List<String> command,
      Map<String, String> environment,
      String input,
      Duration limit);

  /** Output is UTF-8 and bounded to 4 MiB; what is over is a failure, not a cut. */
  record Result(int exitStatus, String output, String errors) {}
}
