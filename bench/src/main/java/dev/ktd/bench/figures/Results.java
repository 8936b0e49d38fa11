package dev.ktd.bench.figures;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What was measured, round by round, as it goes into the JSON file. */
public final class Results {
  /**
   * One measurement.
   *
   * @param value in the unit of its series
   * @param details counters that changed, CPU seconds, percentiles
   * @param marked why the round is to be doubted; empty when it is not
   */
  public record Round(int round, double value, Map<String, Object> details, String marked) {}

  /** One thing measured in several rounds. */
  public record Series(
      String name, String unit, double median, double min, double max, List<Round> rounds) {
    public static Series of(String name, String unit, List<Round> rounds) {
      double[] values = rounds.stream().mapToDouble(Round::value).sorted().toArray();
      int middle = values.length / 2;
      double median =
          values.length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
      return new Series(name, unit, median, values[0], values[values.length - 1], rounds);
    }
  }

  /**
   * A target of the project and what was reached.
   *
   * @param least whether {@code wanted} is the least, otherwise the most
   */
  public record Verdict(String target, double reached, double wanted, boolean least, boolean met) {
    public static Verdict least(String target, double reached, double wanted) {
      return new Verdict(target, reached, wanted, true, reached >= wanted);
    }

    public static Verdict most(String target, double reached, double wanted) {
      return new Verdict(target, reached, wanted, false, reached <= wanted);
    }
  }

  private final Map<String, String> units = new LinkedHashMap<>();
  private final Map<String, List<Round>> rounds = new LinkedHashMap<>();

  public void add(String series, String unit, Round round) {
    units.put(series, unit);
    rounds.computeIfAbsent(series, _ -> new ArrayList<>()).add(round);
  }

  public boolean has(String... series) {
    return Arrays.stream(series).allMatch(rounds::containsKey);
  }

  public List<Series> series() {
    return units.entrySet().stream()
        .map(e -> Series.of(e.getKey(), e.getValue(), rounds.getOrDefault(e.getKey(), List.of())))
        .toList();
  }

  public double median(String series) {
    return Series.of(series, "", rounds.getOrDefault(series, List.of())).median();
  }

  public double max(String series) {
    return Series.of(series, "", rounds.getOrDefault(series, List.of())).max();
  }

  /** The median of the ratios of two series within their rounds. */
  public double ratio(String over, String under) {
    return Series.of("", "", ratios(over, under)).median();
  }

  /** Of the rounds that both series have, in which they were measured together. */
  public List<Round> ratios(String over, String under) {
    List<Round> ratios = new ArrayList<>();
    for (Round upper : rounds.getOrDefault(over, List.of())) {
      for (Round lower : rounds.getOrDefault(under, List.of())) {
        if (upper.round() == lower.round() && lower.value() != 0) {
          ratios.add(new Round(upper.round(), upper.value() / lower.value(), Map.of(), ""));
        }
      }
    }
    return ratios;
  }
}
