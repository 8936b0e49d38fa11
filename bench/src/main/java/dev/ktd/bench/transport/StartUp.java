package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Report;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** From the command to the first byte of a pod, and the memory of what then stands idle. */
final class StartUp {
  static final String ROW = "start to first byte";
  static final String IDLE = "idle";

  private static final int LEAST_ROUNDS = 3;
  private static final int LIMIT_MILLIS = 60_000;
  private static final int IDLE_SECONDS = 3;

  private final Bed bed;

  StartUp(Bed bed) {
    this.bed = bed;
  }

  void run(Path kubeconfig, List<Candidate.Entry> entries) throws InterruptedException {
    Report.line("start");
    int rounds = bed.options.quick() ? 1 : Math.max(LEAST_ROUNDS, bed.options.rounds());
    List<Candidate.Entry> left = new ArrayList<>(entries);
    for (int round = 0; round < rounds; round++) {
      for (Candidate.Entry entry : List.copyOf(left)) {
        if (!start(round, kubeconfig, entry)) {
          left.remove(entry); // what cannot be started takes its time to say so
        }
      }
    }
  }

  private boolean start(int round, Path kubeconfig, Candidate.Entry entry)
      throws InterruptedException {
    long start = System.nanoTime();
    try (var standing = new Standing(bed, kubeconfig, List.of(entry))) {
      var up = new double[1];
      standing.inTurn(
          0,
          (name, candidate) -> {
            up[0] = (System.nanoTime() - start) / 1e9;
            long[] first =
                bed.client.ask("first %s %d".formatted(candidate.to(Target.WEB), LIMIT_MILLIS));
            double seconds = (first[0] - start) / 1e9;
            var details = Map.<String, Object>of("command", Row.rounded(up[0]));
            new Row(bed, ROW, "s", round).add(name, seconds, details, "");
            Report.line("  %-52s %10.2f s  %s".formatted(Row.series(ROW, name), seconds, details));
          });
      if (standing.isEmpty()) {
        return false;
      }
      TimeUnit.SECONDS.sleep(bed.options.quick() ? 1 : IDLE_SECONDS);
      standing.noteMemory(IDLE, round);
      return true;
    }
  }
}
