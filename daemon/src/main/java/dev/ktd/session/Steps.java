package dev.ktd.session;

import dev.ktd.control.Event;
import java.util.function.Consumer;

/** Tells the client how far a connect is, with the time each step took. One thread at a time. */
final class Steps {
  private final Consumer<Event> events;
  private String step = "";
  private long began;

  Steps(Consumer<Event> events) {
    this.events = events;
  }

  /** A step begins; its name is the left column of what people see. */
  void begin(String name) {
    step = name;
    began = System.nanoTime();
  }

  /** The step goes on; the text replaces the former one. */
  void update(String text) {
    events.accept(new Event.Progress(step, text, false, elapsedMillis()));
  }

  /** The step has ended. */
  void done(String text) {
    events.accept(new Event.Progress(step, text, true, elapsedMillis()));
  }

  void warn(String text) {
    events.accept(new Event.Warning(text));
  }

  private long elapsedMillis() {
    return (System.nanoTime() - began) / 1_000_000;
  }
}
