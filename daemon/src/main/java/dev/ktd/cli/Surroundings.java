package dev.ktd.cli;

import dev.ktd.control.Account;
import dev.ktd.control.ControlClient;
import dev.ktd.control.ControlSocket;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a command sees of the process it runs in; tests give their own.
 *
 * @param out data goes here
 * @param err progress and errors go here
 * @param environment variables
 * @param uid effective user id
 * @param gid effective group id
 * @param directory relative paths of the command line start here
 * @param configuration file of defaults for flags, one {@code flag=value} a line; need not exist
 * @param client of the daemon's socket
 */
public record Surroundings(
    PrintStream out,
    PrintStream err,
    Terminal terminal,
    Map<String, String> environment,
    int uid,
    int gid,
    Path directory,
    Path configuration,
    Account.Directory accounts,
    ControlClient client,
    DaemonStarter starter,
    Interrupts interrupts) {

  /** Those of this process. */
  public static Surroundings ofThisProcess() {
    return ofThisProcess(ControlSocket.PATH);
  }

  /** Those of this process, but with another daemon's socket. */
  public static Surroundings ofThisProcess(Path socket) {
    Map<String, String> environment = System.getenv();
    ControlClient client = new ControlClient(socket);
    return new Surroundings(
        System.out,
        System.err,
        new ProcessTerminal(environment),
        environment,
        own("unix:uid"),
        own("unix:gid"),
        Path.of("").toAbsolutePath(),
        Path.of("/etc/ktd/ktd.properties"),
        Account.ofThisMachine(),
        client,
        DetachedDaemon.ofThisProgram(client, environment),
        new ProcessInterrupts());
  }

  private static int own(String attribute) {
    try {
      return (Integer) Files.getAttribute(Path.of("/proc/self"), attribute);
    } catch (IOException | RuntimeException _) {
      return -1; // no /proc: nobody in particular, and certainly not root
    }
  }

  boolean isRoot() {
    return uid == 0;
  }
}
