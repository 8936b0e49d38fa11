package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Report;
import dev.ktd.bench.figures.Results;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The candidates that stand side by side while parts take turns with them. One that cannot be
 * started is left out with a word; one that has ended is started anew before its next turn.
 */
final class Standing implements AutoCloseable {
  /** Rounds of those that do not take part everywhere: they are there for orientation. */
  private static final int PEER_ROUNDS = 3;

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

  /** Whether none could be started. */
  boolean isEmpty() {
    return standing.isEmpty();
  }

  /** What is measured of one candidate. */
  interface Turn {
    void take(String name, Candidate candidate) throws Exception;
  }

  /**
   * One turn for each in that round, of the peers in the first rounds only. A failed one is told,
   * and there is no value of it.
   */
  void inTurn(int round, Turn turn) {
    entries(round < PEER_ROUNDS).forEach(entry -> inTurn(entry, turn));
  }

  /** One turn for those who take part in all rows. */
  void inTurnEverywhere(Turn turn) {
    entries(false).forEach(entry -> inTurn(entry, turn));
  }

  /** Those that stand now, for what happens to all of them at once. */
  Map<String, Candidate> all() {
    Map<String, Candidate> found = new LinkedHashMap<>();
    for (Candidate.Entry entry : entries(true)) {
      Candidate candidate = ready(entry);
      if (candidate != null) {
        found.put(entry.name(), candidate);
      }
    }
    return found;
  }

  private List<Candidate.Entry> entries(boolean peersToo) {
    return standing.keySet().stream().filter(entry -> peersToo || entry.everywhere()).toList();
  }

  private void inTurn(Candidate.Entry entry, Turn turn) {
    if (!take(entry, turn)) {
      // It may have ended by itself meanwhile, as kubectl port-forward does.
      take(entry, turn);
    }
  }

  /** Null when it is left out. */
  private @Nullable Candidate ready(Candidate.Entry entry) {
    Candidate candidate = standing.get(entry);
    if (candidate != null && !candidate.isAlive()) {
      Report.line("  " + entry.name() + " has ended: started anew");
      candidate.close();
      return start(entry) ? standing.get(entry) : null;
    }
    return candidate;
  }

  /** False when it failed and a new start may help. */
  private boolean take(Candidate.Entry entry, Turn turn) {
    Candidate candidate = ready(entry);
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
