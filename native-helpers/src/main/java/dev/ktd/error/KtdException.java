package dev.ktd.error;

import org.jspecify.annotations.Nullable;

/**
 * A failure that is told to the person who typed the command. The message says what failed, on
 * which object and why; the hint is the next thing to do, best a command to type.
 */
public final class KtdException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;
  private final @Nullable String hint;

  /** A failure without a known cause below it. {@code hint} may be null: there is nothing to do. */
  public KtdException(ErrorCode code, String what, @Nullable String hint) {
    this(code, what, hint, null);
  }

  /** A failure with the exception that led to it, which only the log shows. */
  public KtdException(
      ErrorCode code, String what, @Nullable String hint, @Nullable Throwable cause) {
    super(what, cause);
    this.code = code;
    this.hint = hint;
  }

  public ErrorCode code() {
    return code;
  }

  /** The next thing to do, one or more lines; null when there is nothing to say. */
  public @Nullable String hint() {
    return hint;
  }
}
