package dev.ktd.os;

import java.util.function.Consumer;

/** Tells of what may have cut open connections without a word: then is the time to probe them. */
public interface NetworkChanges {
  /** What happened. */
  enum Kind {
    /** Addresses, routes or links are others than before. */
    NETWORK,
    /** The machine slept. */
    SLEPT,
    /** This process did not run for a while: stopped, or the whole machine was. */
    STOPPED
  }

  /**
   * Watches until closed. Where the kernel does not let us, the log says so and only part is told.
   *
   * @param own interface whose own changes are not told, e.g. {@code ktd0}; it need not exist
   * @param listener called on a thread of the watch, at most once in 200 ms for {@link
   *     Kind#NETWORK}; must not block
   */
  Watch watch(String own, Consumer<Kind> listener);

  /** A watch that goes on. */
  interface Watch extends AutoCloseable {
    /** Nothing is told any more when this returns, unless the listener itself calls. Repeatable. */
    @Override
    void close();
  }
}
