package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Results;
import java.util.ArrayList;
import java.util.List;

/** Each figure to that of {@link Candidates#BASE} in the same row and round. */
final class Ratios {
  private Ratios() {}

  static List<Results.Series> of(Results results) {
    List<Results.Series> ratios = new ArrayList<>();
    for (Results.Series series : results.series()) {
      String base = Row.series(Row.of(series.name()), Candidates.BASE);
      List<Results.Round> rounds = results.ratios(series.name(), base);
      if (!rounds.isEmpty()) {
        ratios.add(Results.Series.of(series.name(), "to " + Candidates.BASE, rounds));
      }
    }
    return ratios;
  }
}
