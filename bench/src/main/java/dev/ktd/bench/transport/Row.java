package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Counters;
import dev.ktd.bench.figures.Report;
import dev.ktd.bench.figures.Results;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** How one figure of one candidate gets into the results. */
final class Row {
  private static final double MUCH_STEAL = 2;
  private static final String SEPARATOR = " | ";

  private final Bed bed;
  private final String name;
  private final String unit;
  private final int round;

  Row(Bed bed, String name, String unit, int round) {
    this.bed = bed;
    this.name = name;
    this.unit = unit;
    this.round = round;
  }

  static String series(String row, String candidate) {
    return row + SEPARATOR + candidate;
  }

  static String candidate(String series) {
    return series.substring(series.indexOf(SEPARATOR) + SEPARATOR.length());
  }

  /** The row of a series. */
  static String of(String series) {
    return series.substring(0, series.indexOf(SEPARATOR));
  }

  /** The row for that round trip to the API server; 0 for the bed as it is. */
  static String delayed(String row, int roundTripMillis) {
    return roundTripMillis == 0 ? row : row + ", " + roundTripMillis + " ms";
  }

  static double rounded(double value) {
    return Math.round(value * 1000) / 1000.0;
  }

  /**
   * What work found.
   *
   * @param value in the unit of the row
   * @param gigabytes that were moved since the work began, 0 when it is not about bytes
   */
  record Taken(double value, double gigabytes, Map<String, Object> details) {}

  /** Measures. */
  interface Work {
    Taken run() throws Exception;
  }

  /** Takes the figure, with the CPU time of the candidate's processes and of the node's. */
  void take(String candidate, Candidate standing, Work work) throws Exception {
    double stolen = Counters.stolenSeconds();
    double own = ProcessFacts.cpuSeconds(standing.processes().values());
    Map<String, Double> node = ProcessFacts.nodeCpuSeconds();
    long start = System.nanoTime();
    Taken taken = work.run();
    double seconds = (System.nanoTime() - start) / 1e9;
    double ownUsed = ProcessFacts.cpuSeconds(standing.processes().values()) - own;
    Map<String, Object> details = new LinkedHashMap<>(taken.details());
    if (taken.gigabytes() > 0) {
      Map<String, Double> nodeUsed = used(node, ProcessFacts.nodeCpuSeconds());
      cost("CPU " + name, candidate, ownUsed / taken.gigabytes(), Map.of());
      Map<String, Object> parts = new TreeMap<>();
      nodeUsed.forEach((part, cpu) -> parts.put(part, rounded(cpu / taken.gigabytes())));
      double sum = nodeUsed.values().stream().mapToDouble(Double::doubleValue).sum();
      cost("CPU of the node " + name, candidate, sum / taken.gigabytes(), parts);
      details.put("CPU s/GB", rounded(ownUsed / taken.gigabytes()));
    }
    double steal = 100 * (Counters.stolenSeconds() - stolen) / seconds;
    String marked = steal > MUCH_STEAL ? "steal %.1f %%".formatted(steal) : "";
    add(candidate, taken.value(), details, marked);
    Report.line(
        "  %-52s %10.2f %s  %s %s"
            .formatted(series(name, candidate), taken.value(), unit, details, marked));
  }

  private void cost(String row, String candidate, double value, Map<String, Object> details) {
    bed.results.add(
        series(row, candidate), "s/GB", new Results.Round(round, rounded(value), details, ""));
  }

  /** A figure that stands for itself. */
  void add(String candidate, double value, Map<String, Object> details, String marked) {
    bed.results.add(
        series(name, candidate), unit, new Results.Round(round, value, details, marked));
  }

  private static Map<String, Double> used(Map<String, Double> before, Map<String, Double> after)
      throws IOException {
    Map<String, Double> used = new TreeMap<>();
    after.forEach(
        (part, cpu) -> {
          double change = cpu - before.getOrDefault(part, 0.0);
          if (change > 0) {
            used.put(part, change);
          }
        });
    return used;
  }
}
