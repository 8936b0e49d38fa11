package dev.ktd.cli;

/** What is known of the terminal behind standard error. */
interface Terminal {
  /** Whether a line can be rewritten: a terminal, and not a dumb one. */
  boolean isLive();

  /** Columns, at least 20. */
  int width();

  /** Whether colour is wanted (NO_COLOR, no-color.org). */
  boolean hasColour();
}
