package dev.ktd.session;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The undo of a session: each finished step pushes what takes it back; disconnect and failure run
 * the same list in reverse. One failing undo does not keep the others from running. Any thread.
 */
final class Teardown {
  private static final Logger LOG = LoggerFactory.getLogger(Teardown.class);

  /** Takes one step back. May block. */
  @FunctionalInterface
  interface Undo {
    void run() throws Exception;
  }

  private record Entry(String what, Undo undo) {}

  private final Deque<Entry> entries = new ArrayDeque<>();

  /**
   * @param what names the step in the log and in errors, e.g. {@code routes through ktd0}
   */
  synchronized void push(String what, Undo undo) {
    entries.push(new Entry(what, undo));
  }

  private synchronized List<Entry> takeAll() {
    List<Entry> taken = new ArrayList<>(entries);
    entries.clear();
    return taken;
  }

  /**
   * Undoes everything, the newest first. Repeatable: what was undone is not undone again.
   *
   * @return what could not be undone, as sentences; empty when all went well
   */
  List<String> run() {
    List<String> failures = new ArrayList<>();
    for (Entry entry : takeAll()) {
      try {
        entry.undo().run();
      } catch (Exception e) {
        LOG.warn("undo of {} failed", entry.what(), e);
        failures.add(entry.what() + ": " + e.getMessage());
      }
    }
    return failures;
  }
}
