package dev.ktd;

import dev.ktd.cli.Cli;
import dev.ktd.cli.Surroundings;
import dev.ktd.control.ControlSocket;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.Host;
import dev.ktd.os.Journal;
import dev.ktd.os.linux.LinuxHost;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.logging.Level;
import java.util.logging.Logger;

/** {@code ktd}: the command line, or with the verb {@code daemon} the daemon itself. */
public final class Ktd {
  private static final Path STATE = Path.of("/var/lib/ktd");

  /** Chatty at INFO; what they have to say to a user comes through our own errors. */
  private static final List<Logger> LIBRARIES =
      List.of(
          Logger.getLogger("io.netty"),
          Logger.getLogger("org.apache.sshd"),
          Logger.getLogger("io.fabric8"),
          Logger.getLogger("org.xbill"));

  /** Vert.x ends its loops before their last listeners are told, of closed connections. */
  private static final Logger ENDED_LOOPS =
      Logger.getLogger("io.netty.util.concurrent.DefaultPromise.rejectedExecution");

  private Ktd() {}

  public static void main(String[] arguments) {
    boolean daemon = arguments.length > 0 && arguments[0].equals("daemon");
    // Commands speak through their own output; only the daemon has a log.
    Logger.getLogger("").setLevel(daemon ? Level.INFO : Level.OFF);
    LIBRARIES.forEach(library -> library.setLevel(Level.WARNING));
    ENDED_LOOPS.setLevel(Level.OFF);
    if (daemon) {
      DaemonLog.setLevel(System.getenv("KTD_LOG"));
    }
    String version =
        Objects.requireNonNullElse(Ktd.class.getPackage().getImplementationVersion(), "dev");
    Cli cli =
        new Cli(
            Surroundings.ofThisProcess(),
            version,
            onDemand -> new Daemon(host(), ControlSocket.PATH, version).run(onDemand),
            () -> allOrFailure(host().recover()));
    System.exit(cli.run(arguments));
  }

  /** The lines, when all of them tell of what was undone. */
  static List<String> allOrFailure(List<String> lines) {
    if (lines.stream().anyMatch(line -> line.startsWith(Host.NOT_UNDONE))) {
      throw new KtdException(
          ErrorCode.STATE,
          "not all could be undone:\n" + String.join("\n", lines),
          "Repair what is named and type it again:  sudo ktd recover");
    }
    return lines;
  }

  private static Host host() {
    return new LinuxHost(new Journal(STATE));
  }
}
