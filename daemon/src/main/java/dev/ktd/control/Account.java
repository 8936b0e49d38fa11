package dev.ktd.control;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** An entry of the machine's user database, passwd(5). */
public record Account(String name, int uid, int gid, String home) {
  private static final long LIMIT_SECONDS = 10;
  private static final int MAX_ENTRY = 64 * 1024;

  // The daemon is root: not what a PATH offers, whoever set it.
  private static final List<String> GETENT =
      List.of("/usr/bin/getent", "/bin/getent", "/run/current-system/sw/bin/getent");

  /** Looks accounts up; blocks. */
  @FunctionalInterface
  public interface Directory {
    /** The account of {@code uid}; empty when the machine knows none. */
    Optional<Account> find(int uid);
  }

  /**
   * Asks {@code getent passwd UID}, so that directories beyond /etc/passwd (LDAP, systemd-userdb)
   * are asked too. Empty also when getent cannot be run.
   */
  public static Directory ofThisMachine() {
    return Account::getent;
  }

  private static Optional<Account> getent(int uid) {
    String getent =
        GETENT.stream()
            .filter(file -> Files.isExecutable(Path.of(file)))
            .findFirst()
            .orElse(GETENT.getFirst());
    ProcessBuilder builder =
        new ProcessBuilder(List.of(getent, "passwd", Integer.toString(uid)))
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    try {
      Process process = builder.start();
      process.getOutputStream().close();
      byte[] entry = process.getInputStream().readNBytes(MAX_ENTRY);
      if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return Optional.empty();
      }
      return parse(new String(entry, StandardCharsets.UTF_8)).filter(found -> found.uid == uid);
    } catch (IOException _) {
      return Optional.empty();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  /** Reads one line {@code name:x:uid:gid:gecos:home:shell}; empty when it is not one. */
  static Optional<Account> parse(String line) {
    String[] fields = line.strip().split(":", -1);
    if (fields.length < 6) {
      return Optional.empty();
    }
    try {
      int uid = Integer.parseUnsignedInt(fields[2]);
      int gid = Integer.parseUnsignedInt(fields[3]);
      return Optional.of(new Account(fields[0], uid, gid, fields[5]));
    } catch (NumberFormatException _) {
      return Optional.empty();
    }
  }
}
