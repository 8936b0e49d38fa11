package dev.ktd.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The place from which ktd connects in tests: usually a network namespace with its own
 * /etc/resolv.conf, so that the machine's own network stays as it is. Safe for use by many threads.
 *
 * @param prefix the command that enters it; empty if it is where the tests themselves run
 * @param environment variables that every command there gets, such as KUBECONFIG
 */
public record Laptop(List<String> prefix, Map<String, String> environment) {

  /** How long {@link #run(String...)} waits. */
  public static final Duration DEFAULT_LIMIT = Duration.ofSeconds(60);

  public Laptop {
    prefix = List.copyOf(prefix);
    environment = Map.copyOf(environment);
  }

  static Laptop inNamespace(String name, Map<String, String> environment) {
    return new Laptop(List.of("ip", "netns", "exec", name), environment);
  }

  /** The same place with one more variable for its commands, or another value of it. */
  public Laptop with(String name, String value) {
    var more = new java.util.HashMap<>(environment);
    more.put(name, value);
    return new Laptop(prefix, more);
  }

  /** Runs a command to its end, at most {@link #DEFAULT_LIMIT}. */
  public Result run(String... command) {
    return run(DEFAULT_LIMIT, command);
  }

  /**
   * Runs a command to its end, its standard input empty. After the limit it is killed with what it
   * started, and the status is {@link Result#TIMED_OUT}, as that of timeout(1).
   */
  public Result run(Duration limit, String... command) {
    try (Running running = start(command)) {
      return running.await(limit);
    }
  }

  /** Runs a shell script; its arguments are $1, $2 and so on. */
  public Result shell(String script, String... arguments) {
    var command = new ArrayList<>(List.of("bash", "-c", script, "bash"));
    command.addAll(List.of(arguments));
    return run(command.toArray(String[]::new));
  }

  /** Starts a command that goes on while the test does other things; close it to end it. */
  public Running start(String... command) {
    ProcessBuilder builder = builder(command);
    try {
      Process process = builder.start();
      process.getOutputStream().close();
      return new Running(String.join(" ", command), process);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start " + String.join(" ", builder.command()), e);
    }
  }

  /** A process there that the caller starts, feeds and ends itself. */
  ProcessBuilder builder(String... command) {
    var whole = new ArrayList<>(prefix);
    whole.addAll(List.of(command));
    var builder = new ProcessBuilder(whole).redirectInput(ProcessBuilder.Redirect.PIPE);
    builder.environment().putAll(environment);
    return builder;
  }
}
