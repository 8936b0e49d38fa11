package dev.ktd.control;

import org.jspecify.annotations.Nullable;

/** What the daemon tells while it works: one JSON object a line, the last one ends the answer. */
public sealed interface Event {
  /**
   * A step goes on ({@code done} false; the text replaces the former one) or has ended.
   *
   * @param step short name for the left column: cluster, access, proxy, tunnel, routes, names
   * @param elapsedMillis since the step began
   */
  record Progress(String step, String text, boolean done, long elapsedMillis) implements Event {}

  /** Something the person should know, that does not stop the work. */
  record Warning(String text) implements Event {}

  /** Last: it worked. {@code text} is for people, e.g. "Connected in 1.9 s." */
  record Finished(String text) implements Event {}

  /**
   * Last: it did not.
   *
   * @param code name of a {@link dev.ktd.error.ErrorCode}
   */
  record Failed(String code, int exitStatus, String message, @Nullable String hint)
      implements Event {}
}
