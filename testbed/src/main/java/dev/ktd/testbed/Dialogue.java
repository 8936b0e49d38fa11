package dev.ktd.testbed;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A program on the laptop that answers each line of its input by a line. Close it to end it; it
 * also ends when its input does, so with this process. What it writes to standard error goes to
 * that of this process. Safe for use by many threads.
 */
final class Dialogue implements AutoCloseable {
  private static final Duration GRACE = Duration.ofSeconds(10);

  /** Stands for the end of its output. */
  private static final String END = "\n";

  private final String command;
  private final Process process;
  private final Writer input;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

  private Dialogue(String command, Process process) {
    this.command = command;
    this.process = process;
    this.input = process.outputWriter(StandardCharsets.UTF_8);
    // No virtual thread: a read of a pipe blocks the thread below it, of which there are few.
    Thread.ofPlatform().daemon().start(() -> read(process.inputReader(StandardCharsets.UTF_8)));
  }

  static Dialogue start(Laptop laptop, String... command) {
    try {
      return new Dialogue(
          String.join(" ", command),
          laptop.builder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start " + String.join(" ", command), e);
    }
  }

  /** Starts a main of this class path, which needs the JDK only. */
  static Dialogue start(
      Laptop laptop, List<String> options, Class<?> program, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", classes(program), program.getName()));
    command.addAll(List.of(arguments));
    return start(laptop, command.toArray(String[]::new));
  }

  private static String classes(Class<?> program) {
    try {
      return Path.of(program.getProtectionDomain().getCodeSource().getLocation().toURI())
          .toString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("the classes of " + program + " are in no folder", e);
    }
  }

  long pid() {
    return process.pid();
  }

  /**
   * Says a line and waits for the answer.
   *
   * @throws IllegalStateException if none comes in time, or the program ends; it is ended then,
   *     since the next answer could be this one's
   */
  synchronized String ask(Duration limit, String line) {
    try {
      input.write(line + "\n");
      input.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(command + " has ended", e);
    }
    return line(limit);
  }

  /** Waits for a line that nobody asked for, such as the one that says it is ready. */
  synchronized String line(Duration limit) {
    try {
      String line = lines.poll(limit.toNanos(), TimeUnit.NANOSECONDS);
      if (line == null) {
        process.destroy();
        throw new IllegalStateException("no answer within " + limit + " from " + command);
      }
      if (line.equals(END)) {
        lines.add(END);
        throw new IllegalStateException(command + " has ended");
      }
      return line;
    } catch (InterruptedException e) {
      process.destroy();
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while " + command + " was asked", e);
    }
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private void read(BufferedReader output) {
    try (output) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        lines.add(line);
      }
    } catch (IOException e) {
      System.err.println(command + ": " + e);
    } finally {
      lines.add(END);
    }
  }
}
