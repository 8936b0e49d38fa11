package dev.ktd.testbed;

import java.time.Duration;

/**
 * How a command ended.
 *
 * @param command as typed
 * @param status its exit status, 128 + n if signal n ended it, {@link #TIMED_OUT} if its time was
 *     over
 * @param output all that it wrote to its standard output, at most {@link Running#CAPTURE_LIMIT}
 * @param errors the same for standard error
 * @param elapsed from its start to its end
 */
public record Result(String command, int status, String output, String errors, Duration elapsed) {

  /** The status of a command that was killed because its time was over. */
  public static final int TIMED_OUT = 124;

  public boolean succeeded() {
    return status == 0;
  }

  /** Standard output without white space around it. */
  public String text() {
    return output.strip();
  }

  /**
   * Returns this if the status is 0.
   *
   * @throws AssertionError else, with all that the command wrote
   */
  public Result expectSuccess() {
    if (!succeeded()) {
      throw new AssertionError("expected success: " + this);
    }
    return this;
  }

  @Override
  public String toString() {
    return "%s -> status %d after %d ms%n--- standard output%n%s--- standard error%n%s"
        .formatted(command, status, elapsed.toMillis(), output, errors);
  }
}
