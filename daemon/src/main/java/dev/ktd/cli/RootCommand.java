package dev.ktd.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ktd} without a verb. */
@Command(
    name = "ktd",
    description = "Puts this machine inside a Kubernetes cluster.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Example:  sudo ktd up --namespace default",
      "",
      "Exit status: 0 done, 1 defect, 2 usage, 3 kubeconfig or credentials, 4 cluster, 5 this host,",
      "6 not connected, 7 conflict, 124 timed out, 130 interrupted."
    })
final class RootCommand {
  @SuppressWarnings("UnusedVariable") // picocli fills it
  @Mixin
  private final GlobalOptions options;

  @SuppressWarnings("UnusedVariable") // picocli acts on it
  @Option(names = "--version", versionHelp = true, description = "show the version")
  private boolean version;

  RootCommand(GlobalOptions options) {
    this.options = options;
  }
}
