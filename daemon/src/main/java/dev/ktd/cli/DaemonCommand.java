package dev.ktd.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ktd daemon}. */
@Command(
    name = "daemon",
    description = "Runs the daemon in the foreground: the entry point of the service.",
    footer = {"", "Example:  sudo ktd daemon"})
final class DaemonCommand implements Callable<Integer> {
  private final Cli cli;
  private final DaemonRunner daemon;
  private final Recovery recovery;

  @Option(
      names = "--cleanup",
      description = "do not run: undo what a daemon left that is gone (ExecStopPost of the unit)")
  private boolean cleanup;

  @Option(names = "--on-demand", hidden = true, description = "started by ktd up")
  private boolean onDemand;

  DaemonCommand(Cli cli, DaemonRunner daemon, Recovery recovery) {
    this.cli = cli;
    this.daemon = daemon;
    this.recovery = recovery;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (cleanup) {
      RecoverCommand.recover(cli, recovery, "daemon --cleanup");
    } else {
      RecoverCommand.requireRoot(cli, "daemon");
      daemon.run(onDemand);
    }
    return 0;
  }
}
