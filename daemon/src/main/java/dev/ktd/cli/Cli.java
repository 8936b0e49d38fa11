package dev.ktd.cli;

/** The command line: {@code ktd VERB ...}. */
public final class Cli {
  /**
   * Wires the command line.
   *
   * @param version of this program, e.g. {@code 0.1.0}
   */
  public Cli(Surroundings surroundings, String version, DaemonRunner daemon, Recovery recovery) {}

  /** Runs one command; returns the exit status, 0 to 130. Never throws. */
  public int run(String... arguments) {
    return arguments.length == 0 ? 2 : 1;
  }
}
