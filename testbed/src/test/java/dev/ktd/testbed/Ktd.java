package dev.ktd.testbed;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** The program as users run it, {@code target/dist/bin/ktd}, on the laptop. */
final class Ktd {
  static final Duration LIMIT = Duration.ofMinutes(2);
  static final Duration PROBE_LIMIT = Duration.ofMinutes(5);

  private final Laptop laptop;
  private final String program;
  private final Path testClasses;

  Ktd(TestCluster cluster) {
    this(cluster, cluster.laptop());
  }

  private Ktd(TestCluster cluster, Laptop laptop) {
    this.laptop = laptop;
    Path dist = cluster.sourceRoot().resolve("target/dist/bin/ktd");
    assertThat(dist).as("built by `make build`").isExecutable();
    this.program = dist.toString();
    this.testClasses = cluster.sourceRoot().resolve("testbed/target/test-classes");
    assertThat(Files.isDirectory(testClasses)).isTrue();
  }

  String program() {
    return program;
  }

  Result run(String... arguments) {
    return laptop.run(LIMIT, command(arguments));
  }

  Running start(String... arguments) {
    return laptop.start(command(arguments));
  }

  /** Connects to namespace default, with further arguments. */
  Result up(String... more) {
    List<String> arguments = new ArrayList<>(List.of("up", "--namespace", "default"));
    arguments.addAll(List.of(more));
    return run(arguments.toArray(String[]::new));
  }

  /** Ends a session if there is one. */
  void down() {
    Result down = run("down");
    assertThat(down.status()).as("%s", down).isIn(0, 6);
  }

  JsonNode status() {
    return new ObjectMapper().readTree(run("status", "-o", "json").output());
  }

  /** A closed connection may linger in TIME-WAIT for a moment; then nothing of it is left. */
  void awaitNoFlows() {
    long deadline = System.nanoTime() + Duration.ofSeconds(90).toNanos();
    JsonNode flows = status().get("flows");
    while (flows.get("tcp").asInt() + flows.get("channels").asInt() > 0
        && System.nanoTime() < deadline) {
      flows = status().get("flows");
    }
    assertThat(flows.get("tcp").asInt()).as("%s", flows).isZero();
    assertThat(flows.get("channels").asInt()).as("%s", flows).isZero();
  }

  /** Runs {@link Probe} on the laptop. */
  Result probe(String... arguments) {
    try (Running running = startProbe(arguments)) {
      return running.await(PROBE_LIMIT);
    }
  }

  /** Starts it. */
  Running startProbe(String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-cp",
                testClasses.toString(),
                Probe.class.getName()));
    command.addAll(List.of(arguments));
    return laptop.start(command.toArray(String[]::new));
  }

  /** Process ids of daemons of this program. */
  List<Long> daemons() {
    return ProcessHandle.allProcesses().map(ProcessHandle::pid).filter(Ktd::isDaemon).toList();
  }

  /** ProcessHandle.Info knows the first 4096 bytes of a command line, and a class path is long. */
  private static boolean isDaemon(long pid) {
    try {
      String line = Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"));
      return line.contains("\0dev.ktd.Ktd\0daemon\0");
    } catch (IOException e) {
      return false; // it has ended
    }
  }

  private String[] command(String... arguments) {
    List<String> command = new ArrayList<>(List.of(program));
    command.addAll(List.of(arguments));
    return command.toArray(String[]::new);
  }
}
