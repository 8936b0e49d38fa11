package dev.ktd.control;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Who is at the other end of a connection, as the kernel says (SO_PEERCRED, unix(7)).
 *
 * @param gids effective group first, then the supplementary ones as far as known
 */
record Peer(int pid, int uid, List<Integer> gids) {
  /** Adds the supplementary groups, which SO_PEERCRED does not tell, from /proc/PID/status. */
  static Peer of(int pid, int uid, int gid) {
    List<Integer> gids = new ArrayList<>(List.of(gid));
    try {
      List<String> status = Files.readAllLines(Path.of("/proc", Integer.toString(pid), "status"));
      // The process may have ended and its number may be another's: then it adds nothing.
      if (numbers(status, "Uid:").contains(uid) && numbers(status, "Gid:").contains(gid)) {
        gids.addAll(numbers(status, "Groups:"));
      }
    } catch (IOException | NumberFormatException _) {
      // Gone, or hidden by another pid namespace: the effective group decides alone.
    }
    return new Peer(pid, uid, List.copyOf(gids));
  }

  private static List<Integer> numbers(List<String> status, String key) {
    for (String line : status) {
      if (line.startsWith(key)) {
        String values = line.substring(key.length()).strip();
        return values.isEmpty()
            ? List.of()
            : List.of(values.split("\\s+")).stream().map(Integer::parseUnsignedInt).toList();
      }
    }
    return List.of();
  }

  boolean isRoot() {
    return uid == 0;
  }

  /**
   * A person who is not root may connect for itself alone: uid, groups and name decide with which
   * rights the daemon reads files and runs plug-ins. Blocks while it asks the user database.
   *
   * @throws KtdException PERMISSION
   */
  void checkMayActFor(Request.Caller caller, Account.Directory accounts) {
    if (isRoot()) {
      return;
    }
    String name = accounts.find(uid).map(Account::name).orElse(Integer.toString(uid));
    if (caller.uid() != uid || !gids.contains(caller.gid()) || !caller.name().equals(name)) {
      throw new KtdException(
          ErrorCode.PERMISSION,
          "%s (uid %d) may not connect for %s (uid %d, gid %d)."
              .formatted(name, uid, caller.name(), caller.uid(), caller.gid()),
          "Only root may connect for others:  sudo ktd up");
    }
  }
}
