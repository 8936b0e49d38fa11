package dev.ktd.os;

import java.nio.file.Path;

/** One change of the host that the {@link Journal} remembers until it is undone. */
public sealed interface Change {
  /**
   * A daemon is at work.
   *
   * @param identity tells the process from a later one with the same number, also after a reboot
   */
  record DaemonRuns(long pid, String identity) implements Change {}

  /** A TUN device of ours may exist. */
  record DeviceMade(String name) implements Change {}

  /** Routes with our protocol number may exist. */
  record RoutesAdded(int protocol) implements Change {}

  /** A change of how the host resolves names. */
  sealed interface NameChange extends Change {}

  /** A file carries our text in the place of {@code original}. */
  record FileReplaced(Path path, Original original) implements NameChange {}

  /** resolvconf(8) has a record of ours. */
  record ResolvconfRecord(String name) implements NameChange {}

  /** What was at a path before us. */
  sealed interface Original {
    /** Nothing. */
    record Absent() implements Original {}

    /** A symbolic link, which may lead nowhere. */
    record Link(String target) implements Original {}

    /**
     * A file.
     *
     * @param text its bytes as ISO 8859-1, so that each char is one byte
     */
    record Text(String text) implements Original {}
  }
}
