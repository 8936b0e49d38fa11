package dev.ktd.control;

import java.util.function.Consumer;

/**
 * Does what is asked. Each call runs on a virtual thread of its own and may block; it is
 * interrupted when the client goes away. Failures are {@link dev.ktd.error.KtdException}s.
 */
public interface RequestHandler {
  /** Connects; returns the text of {@link Event.Finished}. An interrupted connect is undone. */
  String up(Request.Up request, Consumer<Event> events) throws InterruptedException;

  /** Disconnects; returns when everything is gone, with the text of {@link Event.Finished}. */
  String down(Consumer<Event> events) throws InterruptedException;

  StatusReport status();
}
