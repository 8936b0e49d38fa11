package dev.ktd.cli;

import dev.ktd.control.StatusReport;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code ktd status}. */
@Command(
    name = "status",
    description = "Shows state, networks, names and carriers. Exit status 0 connected, 6 not.",
    footer = {"", "Example:  ktd status -o json"})
final class StatusCommand implements Callable<Integer> {
  private final Cli cli;

  StatusCommand(Cli cli) {
    this.cli = cli;
  }

  @Override
  public Integer call() {
    StatusReport report = report();
    cli.output().report(report);
    return report.state().equals("CONNECTED") ? 0 : ErrorCode.NOT_CONNECTED.exitStatus();
  }

  private StatusReport report() {
    try {
      return cli.surroundings().client().status();
    } catch (KtdException failed) {
      if (failed.code() == ErrorCode.NOT_CONNECTED) {
        return StatusReport.idle(); // no daemon, no session: not an error of this command
      }
      throw failed;
    }
  }
}
