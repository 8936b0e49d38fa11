package dev.ktd.control;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import org.jspecify.annotations.Nullable;

/** What the daemon tells while it works: one JSON object a line, the last one ends the answer. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "event")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Event.Progress.class, name = "progress"),
  @JsonSubTypes.Type(value = Event.Warning.class, name = "warning"),
  @JsonSubTypes.Type(value = Event.Finished.class, name = "finished"),
  @JsonSubTypes.Type(value = Event.Failed.class, name = "failed")
})
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
      implements Event {
    /** The event of an exception. */
    public static Failed of(KtdException failure) {
      return new Failed(
          failure.code().name(),
          failure.code().exitStatus(),
          String.valueOf(failure.getMessage()),
          failure.hint());
    }

    /** Back again; a code that this program does not know becomes INTERNAL. */
    public KtdException toException() {
      ErrorCode known = ErrorCode.INTERNAL;
      for (ErrorCode candidate : ErrorCode.values()) {
        if (candidate.name().equals(code)) {
          known = candidate;
        }
      }
      return new KtdException(known, message, hint);
    }
  }
}
