package dev.ktd.bench.figures;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A child process of this class path that answers each line with one line. */
public final class Child implements AutoCloseable {
  private final Process process;
  private final PrintWriter in;
  private final BufferedReader out;

  /** Starts {@code type}'s main; it ends when its standard input does. */
  public Child(Class<?> type, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-Xmx256m",
            "-cp",
            System.getProperty("java.class.path"),
            type.getName()));
    command.addAll(List.of(arguments));
    process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    in = new PrintWriter(process.getOutputStream(), true, StandardCharsets.UTF_8);
    out = process.inputReader(StandardCharsets.UTF_8);
  }

  public long pid() {
    return process.pid();
  }

  /** Sends a line, waits for the answer, and splits it into numbers. */
  public long[] ask(String line) throws IOException {
    in.println(line);
    String answer = out.readLine();
    if (answer == null || answer.startsWith("failed")) {
      throw new IOException(line + ": " + answer);
    }
    String[] words = answer.split(" ", -1);
    long[] numbers = new long[words.length];
    for (int i = 0; i < words.length; i++) {
      numbers[i] = Long.parseLong(words[i]);
    }
    return numbers;
  }

  /** Waits for a line that nobody asked for, such as the one that says it is ready. */
  public String line() throws IOException {
    return out.readLine();
  }

  @Override
  public void close() {
    in.close();
    process.destroy();
  }
}
