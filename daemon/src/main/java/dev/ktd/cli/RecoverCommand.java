package dev.ktd.cli;

import dev.ktd.control.Event;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code ktd recover}. */
@Command(
    name = "recover",
    description = "Undoes what a crash of ktd left on this machine: routes, names, devices.",
    footer = {"", "Example:  sudo ktd recover"})
final class RecoverCommand implements Callable<Integer> {
  private final Cli cli;
  private final Recovery recovery;

  RecoverCommand(Cli cli, Recovery recovery) {
    this.cli = cli;
    this.recovery = recovery;
  }

  @Override
  public Integer call() throws InterruptedException {
    recover(cli, recovery, "recover");
    return 0;
  }

  /** Also what the service unit runs after a stop. */
  static void recover(Cli cli, Recovery recovery, String verb) throws InterruptedException {
    requireRoot(cli, verb);
    if (cli.surroundings().client().isRunning()) {
      throw new KtdException(
          ErrorCode.CONFLICT,
          "a ktd daemon runs: what is on this machine is its work, no leftover.",
          "To undo it:  sudo ktd down");
    }
    List<String> undone = recovery.recover();
    for (String line : undone) {
      cli.output().event(new Event.Progress("undone", line, true, 0));
    }
    cli.output().event(new Event.Finished(undone.isEmpty() ? "Nothing was left." : "Recovered."));
  }

  static void requireRoot(Cli cli, String verb) {
    if (!cli.surroundings().isRoot()) {
      throw new KtdException(
          ErrorCode.PERMISSION, "only root may do this.", "Type:  sudo ktd " + verb);
    }
  }
}
