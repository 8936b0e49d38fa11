package dev.ktd.cli;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code ktd completion SHELL}. */
@Command(
    name = "completion",
    description = "Prints the script that completes ktd's commands and flags in bash or zsh.",
    footer = {
      "",
      "Example:  ktd completion bash | sudo tee /etc/bash_completion.d/ktd",
      "          source <(ktd completion zsh)"
    })
final class CompletionCommand implements Callable<Integer> {
  /** Shells that picocli's script works in. */
  enum Shell {
    bash,
    zsh
  }

  private final Cli cli;
  private final CommandLine root;

  @SuppressWarnings("UnusedVariable") // picocli checks it; the script is the same
  @Parameters(paramLabel = "SHELL", description = "bash or zsh")
  private @Nullable Shell shell;

  CompletionCommand(Cli cli, CommandLine root) {
    this.cli = cli;
    this.root = root;
  }

  @Override
  public Integer call() {
    // One script serves both: in zsh it loads bashcompinit first.
    cli.output().result(AutoComplete.bash("ktd", root));
    return 0;
  }
}
