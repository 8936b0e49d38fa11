package dev.ktd.cli;

/** What {@code -o} takes; lower case, since these are the words people type. */
enum OutputFormat {
  text,
  json
}
