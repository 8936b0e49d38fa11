package dev.ktd.session;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
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
  private @Nullable CompletableFuture<List<String>> running;

  /**
   * Before {@link #run} only.
   *
   * @param what names the step in the log and in errors, e.g. {@code routes through ktd0}
   */
  synchronized void push(String what, Undo undo) {
    if (running != null) {
      throw new IllegalStateException(what + ": what is to be undone came after the undo");
    }
    entries.push(new Entry(what, undo));
  }

  private synchronized List<Entry> takeAll() {
    List<Entry> taken = new ArrayList<>(entries);
    entries.clear();
    return taken;
  }

  /**
   * Undoes everything, the newest first. Repeatable: what was undone is not undone again, and who
   * comes while it runs waits for it and hears the same. An interrupt of a caller, such as a second
   * Ctrl-C or the end of the daemon, neither stops nor shortens it: it has a thread of its own.
   *
   * @return what could not be undone, as sentences; empty when all went well
   */
  List<String> run() {
    CompletableFuture<List<String>> result;
    synchronized (this) {
      result = running;
      if (result == null) {
        result = new CompletableFuture<>();
        running = result;
        CompletableFuture<List<String>> fresh = result;
        Thread.ofVirtual().name("ktd-teardown").start(() -> fresh.complete(undoAll()));
      }
    }
    boolean interrupted = Thread.interrupted();
    try {
      return result.join(); // not interruptible
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private List<String> undoAll() {
    List<String> failures = new ArrayList<>();
    for (Entry entry : takeAll()) {
      try {
        entry.undo().run();
      } catch (Throwable e) { // also an Error: the others must still run
        LOG.warn("undo of {} failed", entry.what(), e);
        failures.add(
            entry.what() + ": " + Objects.requireNonNullElse(e.getMessage(), e.toString()));
      }
    }
    return List.copyOf(failures);
  }
}
