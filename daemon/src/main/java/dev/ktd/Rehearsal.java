package dev.ktd;

import dev.ktd.cli.Cli;
import dev.ktd.cli.Surroundings;
import dev.ktd.os.Cidr;
import dev.ktd.os.CommandRunner;
import dev.ktd.os.Host;
import dev.ktd.os.Journal;
import dev.ktd.os.fake.FakeHost;
import dev.ktd.os.linux.LinuxHost;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * A session on a host in memory, against a cluster of canned answers: what {@code scripts/dist}
 * runs once for the AOT cache, so that later starts find their classes loaded and linked. Needs no
 * root and changes nothing; not meant for people.
 *
 * <p>{@code daemon FOLDER} serves {@code FOLDER/ktd.sock} until its session has ended; {@code
 * command FOLDER} gives it the usual commands. {@code FOLDER/kubeconfig} names the cluster.
 */
final class Rehearsal {
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private Rehearsal() {}

  public static void main(String[] arguments) throws InterruptedException {
    Path folder = Path.of(arguments[1]).toAbsolutePath();
    command(folder, "version"); // the daemon's start is read as a command, too
    if (arguments[0].equals("daemon")) {
      look(new LinuxHost(new Journal(folder)));
      FakeHost host = new FakeHost();
      host.programs(Rehearsal::answer);
      new Daemon(host, folder.resolve("ktd.sock"), "rehearsal").run(true);
    } else {
      Logger.getLogger("").setLevel(Level.OFF);
      command(folder, "status");
      String kubeconfig = folder.resolve("kubeconfig").toString();
      command(folder, "up", "--timeout", "20s", "--kubeconfig", kubeconfig);
    }
  }

  private static void command(Path folder, String... words) {
    Cli cli =
        new Cli(
            Surroundings.ofThisProcess(folder.resolve("ktd.sock")),
            "rehearsal",
            _ -> {},
            () -> List.of());
    int _ = cli.run(words);
  }

  /**
   * Reads what may be read without root, and starts and ends as a daemon that had nothing to do.
   */
  private static void look(Host host) {
    var _ = Ktd.allOrFailure(host.claim());
    var _ = host.recover();
    var _ = host.routes().conflicts(Cidr.parse("198.51.100.0/24"));
    var _ = host.resolver().current();
    var _ = host.commands().run(List.of("true"), "", LIMIT);
  }

  /** Files as cat(1) gives them; nothing else is installed. */
  private static CommandRunner.Result answer(List<String> command) {
    if (!command.getFirst().equals("cat")) {
      return new CommandRunner.Result(127, "", "not found");
    }
    try {
      return new CommandRunner.Result(0, Files.readString(Path.of(command.getLast())), "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
