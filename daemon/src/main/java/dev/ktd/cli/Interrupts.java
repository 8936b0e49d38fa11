package dev.ktd.cli;

import java.time.Duration;

/** SIGINT, SIGTERM and SIGHUP, as far as a command wants to end in its own way. */
interface Interrupts {
  /**
   * Runs {@code action} once when a signal comes before the end of the scope, on another thread; at
   * once, on this one, if a signal has come already.
   */
  Scope during(Runnable action);

  /** Waits for a signal; false when {@code limit} passed without one. */
  boolean await(Duration limit) throws InterruptedException;

  /** The command has ended: a signal that came meanwhile ends the process with this status. */
  void ended(int exitStatus);

  /** From {@link #during} to {@link #close}. */
  interface Scope extends AutoCloseable {
    @Override
    void close();
  }
}
