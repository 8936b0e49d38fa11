package dev.ktd.cli;

import dev.ktd.control.ControlClient;
import dev.ktd.control.Event;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code ktd down}. */
@Command(
    name = "down",
    description = "Undoes everything on this machine and in the cluster; returns when it is gone.",
    footer = {"", "Example:  sudo ktd down"})
final class DownCommand implements Callable<Integer> {
  private final Cli cli;

  DownCommand(Cli cli) {
    this.cli = cli;
  }

  @Override
  public Integer call() {
    ControlClient client = cli.surroundings().client();
    if (!client.isRunning()) {
      throw new KtdException(
          ErrorCode.NOT_CONNECTED,
          "not connected: no ktd daemon runs.",
          "If a crash left something on this machine:  sudo ktd recover");
    }
    Output output = cli.output();
    try (ControlClient.Call call = client.down()) {
      output.event(new Event.Finished(call.await(output::event)));
    }
    return 0;
  }
}
