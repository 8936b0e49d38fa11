package dev.ktd.control;

import java.util.function.Consumer;

/**
 * Does what is asked. Each call runs on a virtual thread of its own and may block. Failures are
 * {@link dev.ktd.error.KtdException}s. All are interrupted when the server closes.
 */
public interface RequestHandler {
  /**
   * Connects; returns the text of {@link Event.Finished}. Interrupted when the client goes away;
   * what was done is then undone before this throws.
   */
  String up(Request.Up request, Consumer<Event> events) throws InterruptedException;

  /**
   * Disconnects; returns when everything is gone, with the text of {@link Event.Finished}. A client
   * that goes away does not stop it: half undone helps nobody.
   */
  String down(Consumer<Event> events) throws InterruptedException;

  StatusReport status();
}
