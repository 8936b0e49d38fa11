package dev.ktd.bench.figures;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** What the figures are of: they mean little without it. */
public record Machine(
    String cpu,
    int cores,
    long memoryMiB,
    String kernel,
    String jdk,
    String commit,
    List<String> command,
    String started) {

  public static Machine here(String... arguments) throws IOException {
    String cpu =
        Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
            .filter(line -> line.startsWith("model name"))
            .map(line -> line.substring(line.indexOf(':') + 1).strip())
            .findFirst()
            .orElse(System.getProperty("os.arch"));
    String memory = Files.readAllLines(Path.of("/proc/meminfo")).getFirst().replaceAll("\\D", "");
    return new Machine(
        cpu,
        Runtime.getRuntime().availableProcessors(),
        Long.parseLong(memory) / 1024,
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"),
        System.getenv().getOrDefault("KTD_COMMIT", "unknown"),
        List.of(arguments),
        Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
  }
}
