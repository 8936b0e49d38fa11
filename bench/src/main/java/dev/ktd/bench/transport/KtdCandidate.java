package dev.ktd.bench.transport;

import dev.ktd.testbed.Result;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** ktd as users run it: programs connect to the cluster's own addresses, through the TUN device. */
final class KtdCandidate implements Candidate {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  private final Bed bed;
  private final ProcessHandle daemon;

  KtdCandidate(Bed bed, Path kubeconfig) throws IOException {
    this.bed = bed;
    Result up =
        bed.attempt(
            LIMIT, bed.ktd, "up", "--kubeconfig", kubeconfig.toString(), "--namespace", "default");
    if (!up.succeeded()) {
      throw new IOException("ktd up: " + up.errors());
    }
    this.daemon =
        daemon(bed)
            .orElseThrow(
                () -> {
                  down(bed);
                  return new IOException("no process dev.ktd.Ktd daemon is found");
                });
  }

  private static Optional<ProcessHandle> daemon(Bed bed) {
    String home =
        Objects.requireNonNull(Path.of(bed.ktd).getParent()).resolveSibling("lib").toString();
    return ProcessHandle.allProcesses()
        .filter(
            process -> {
              String line = ProcessFacts.commandLine(process.pid());
              return line.contains("\0dev.ktd.Ktd\0daemon\0") && line.contains(home);
            })
        .findFirst();
  }

  long pid() {
    return daemon.pid();
  }

  @Override
  public Endpoint to(Target target) {
    return Endpoint.direct(bed.address(target), target.port);
  }

  @Override
  public Map<String, Long> processes() {
    return Map.of("ktd", daemon.pid());
  }

  @Override
  public boolean isAlive() {
    return daemon.isAlive();
  }

  @Override
  public void close() {
    down(bed);
  }

  /** Ends a session if there is one. */
  static void down(Bed bed) {
    Result down = bed.attempt(LIMIT, bed.ktd, "down");
    if (down.status() != 0 && down.status() != 6) {
      System.err.println("bench: " + down);
    }
  }
}
