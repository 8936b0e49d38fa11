package dev.ktd.cli;

import dev.ktd.control.Account;
import dev.ktd.control.Request;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds the person for whom a command works: the one behind sudo(8), else who runs it; and that
 * person's kubeconfig.
 */
final class CallerResolver {
  static final String SECURE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  private final Surroundings surroundings;

  CallerResolver(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  /** The person. Throws USAGE when sudo's variables make no sense. */
  Request.Caller caller() {
    String sudoUid = variable("SUDO_UID");
    if (surroundings.isRoot() && sudoUid != null && !sudoUid.equals("0")) {
      return behindSudo(number("SUDO_UID", sudoUid));
    }
    Optional<Account> account = surroundings.accounts().find(surroundings.uid());
    // The daemon asks the same database, so an account's name comes from there alone.
    String name = account.map(Account::name).orElseGet(() -> Integer.toString(surroundings.uid()));
    String home = variable("HOME");
    if (home == null || !home.startsWith("/")) {
      home = account.map(Account::home).orElse("/");
    }
    return new Request.Caller(
        surroundings.uid(), surroundings.gid(), name, home, path(), proxies());
  }

  private Request.Caller behindSudo(int uid) {
    Optional<Account> account = surroundings.accounts().find(uid);
    String sudoGid = variable("SUDO_GID");
    String sudoUser = variable("SUDO_USER");
    if (account.isEmpty() && (sudoGid == null || sudoUser == null)) {
      throw new KtdException(
          ErrorCode.USAGE,
          "SUDO_UID is %d, and this machine knows no such user.".formatted(uid),
          "Look:  getent passwd " + uid);
    }
    int gid =
        sudoGid != null ? number("SUDO_GID", sudoGid) : account.map(Account::gid).orElseThrow();
    String name = account.isPresent() ? account.get().name() : String.valueOf(sudoUser);
    // HOME may be root's or the person's, as sudoers(5) says; the database knows.
    String home = account.map(Account::home).orElse("/");
    return new Request.Caller(uid, gid, name, home, path(), proxies());
  }

  /** Absolute paths: the flag's, else those of KUBECONFIG, else the one in the person's home. */
  List<String> kubeconfigs(@Nullable String flag, Request.Caller caller) {
    if (flag != null) {
      return List.of(absolute(flag));
    }
    String variable = variable("KUBECONFIG");
    if (variable != null) {
      List<String> named =
          Stream.of(variable.split(":", -1))
              .filter(file -> !file.isEmpty())
              .map(this::absolute)
              .toList();
      if (!named.isEmpty()) {
        return named;
      }
    }
    return List.of(Path.of(caller.home(), ".kube", "config").toString());
  }

  private String absolute(String file) {
    return surroundings.directory().resolve(file).normalize().toString();
  }

  private String path() {
    String path = variable("PATH");
    return path == null ? SECURE_PATH : path;
  }

  /** By kubectl's names: upper case before lower case. */
  private Request.@Nullable Proxies proxies() {
    String https = either("HTTPS_PROXY");
    String http = either("HTTP_PROXY");
    return https == null && http == null
        ? null
        : new Request.Proxies(https, http, either("NO_PROXY"));
  }

  private @Nullable String either(String name) {
    String upper = variable(name);
    return upper == null ? variable(name.toLowerCase(Locale.ROOT)) : upper;
  }

  private static int number(String name, String value) {
    try {
      int number = Integer.parseInt(value);
      if (number >= 0) {
        return number;
      }
    } catch (NumberFormatException _) {
      // said below
    }
    throw new KtdException(
        ErrorCode.USAGE, "%s is \"%s\", no number.".formatted(name, value), "Unset it.");
  }

  private @Nullable String variable(String name) {
    String value = surroundings.environment().get(name);
    return value == null || value.isEmpty() ? null : value;
  }
}
