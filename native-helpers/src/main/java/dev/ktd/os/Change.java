package dev.ktd.os;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

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

  /**
   * A file carries our text.
   *
   * @param original its bytes as ISO 8859-1, so that each char is one byte; null when there was no
   *     file
   */
  record FileReplaced(Path path, @Nullable String original) implements Change {}
}
