package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Report;
import dev.ktd.bench.figures.Results;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The candidates that stand side by side while parts take turns with them. One that cannot be
 * started is left out with a word; one that has ended is started anew before its next turn.
 */
final class Standing implements AutoCloseable {
  private final Bed bed;
  private final Path kubeconfig;
  private final Map<Candidate.Entry, Candidate> standing = new LinkedHashMap<>();
  private final Map<String, Double> mostMemory = new TreeMap<>();

  Standing(Bed bed, Path kubeconfig, List<Candidate.Entry> entries) {
    this.bed = bed;
    this.kubeconfig = kubeconfig;
    bed.undoLater(this);
    for (Candidate.Entry entry : entries) {
      start(entry);
    }
  }

  private boolean start(Candidate.Entry entry) {
    try {
      standing.put(entry, entry.starter().start(kubeconfig));
      return true;
    } catch (Exception | AssertionError e) {
      Report.line("  " + entry.name() + " is left out: " + e.getMessage());
      standing.remove(entry);
      return false;
    }
  }

  /** What is measured of one candidate. */
  interface Turn {
    void take(String name, Candidate candidate) throws Exception;
  }

  /** One turn for each; a failed one is told, and there is no value of it. */
  void inTurn(boolean everywhereOnly, Turn turn) {
    for (Candidate.Entry entry : List.copyOf(standing.keySet())) {
      if (everywhereOnly && !entry.everywhere()) {
        continue;
      }
      if (!take(entry, turn)) {
        // It may have ended by itself meanwhile, as kubectl port-forward does.
        take(entry, turn);
      }
    }
  }

  /** False when it failed and a new start may help. */
  private boolean take(Candidate.Entry entry, Turn turn) {
    Candidate candidate = standing.get(entry);
    if (candidate != null && !candidate.isAlive()) {
      Report.line("  " + entry.name() + " has ended by itself: started anew");
      candidate.close();
      candidate = start(entry) ? standing.get(entry) : null;
    }
    if (candidate == null) {
      return true;
    }
    boolean alive = true;
    try {
      turn.take(entry.name(), candidate);
    } catch (Exception | AssertionError e) {
      Report.line("  " + entry.name() + " failed: " + e.getMessage());
      alive = candidate.isAlive();
    }
    mostMemory.merge(entry.name(), memory(candidate, new LinkedHashMap<>(), true), Math::max);
    return alive;
  }

  /** Adds resident memory as it is now to the results, with each process as a detail. */
  void noteMemory(String when, int round) {
    standing.forEach(
        (entry, candidate) -> {
          Map<String, Object> details = new LinkedHashMap<>();
          double sum = memory(candidate, details, false);
          bed.results.add(
              Row.series("RSS " + when, entry.name()),
              "MB",
              new Results.Round(round, sum, details, ""));
        });
  }

  /** Adds the highest sum of what its processes ever held, of those that ran. */
  void noteMostMemory() {
    mostMemory.forEach(
        (name, most) ->
            bed.results.add(
                Row.series("RSS at most", name), "MB", new Results.Round(0, most, Map.of(), "")));
  }

  private static double memory(Candidate candidate, Map<String, Object> details, boolean highest) {
    double sum = 0;
    for (Map.Entry<String, Long> process : candidate.processes().entrySet()) {
      double megabytes = ProcessFacts.residentMegabytes(process.getValue(), highest);
      details.put(process.getKey(), Row.rounded(megabytes));
      sum += megabytes;
    }
    return sum;
  }

  @Override
  public void close() {
    standing.values().forEach(Candidate::close);
    standing.clear();
  }
}
