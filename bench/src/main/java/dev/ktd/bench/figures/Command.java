package dev.ktd.bench.figures;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A program that is waited for. */
public final class Command {
  private Command() {}

  /**
   * Runs it in this network namespace.
   *
   * @return what it wrote on standard output
   * @throws IOException with all of it, when its exit status is not 0
   */
  public static String run(String input, List<String> command)
      throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (var in = process.getOutputStream()) {
      in.write(input.getBytes(StandardCharsets.UTF_8));
    }
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + ": " + output);
    }
    return output;
  }
}
