package dev.ktd.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code ktd version}. */
@Command(
    name = "version",
    description = "Shows the version.",
    footer = {"", "Example:  ktd version"})
final class VersionCommand implements Callable<Integer> {
  private final Cli cli;
  private final String version;

  VersionCommand(Cli cli, String version) {
    this.cli = cli;
    this.version = version;
  }

  @Override
  public Integer call() {
    boolean json = cli.options().output == OutputFormat.json;
    cli.output().result(json ? "{\"version\":\"" + version + "\"}" : "ktd " + version);
    return 0;
  }
}
