package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Chart;
import dev.ktd.bench.figures.Machine;
import dev.ktd.bench.figures.Report;
import dev.ktd.bench.figures.Results;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The picture of a run: how many times as good as {@code ssh -L} each candidate is. */
final class TransportChart {
  private static final List<String> MORE_IS_BETTER = List.of("Gb/s", "1/s");
  private static final List<Integer> ROUND_TRIPS = List.of(0, 20, 100);

  private final List<Results.Series> series;
  private final List<Results.Series> ratios;
  private final List<Chart.Group> groups = new ArrayList<>();
  private List<Chart.Line> lines = new ArrayList<>();

  private TransportChart(Report.Document document) {
    this.series = document.series();
    this.ratios = document.ratios();
  }

  static Chart of(Report.Document document) {
    var chart = new TransportChart(document);
    for (int roundTrip : ROUND_TRIPS) {
      chart.bulk(roundTrip);
    }
    chart.requests();
    chart.roundTrips();
    chart.costs();
    chart.recovery();
    Machine machine = document.machine();
    return new Chart(
        "ktd beside ssh -L over kubectl port-forward",
        List.of(
            "A dot is the median of the ratios within rounds, a bar goes from the least to the most;"
                + " right of the line is better. Columns are medians.",
            "%d rounds, %s, on %d cores of %s for laptop and node together; commit %s"
                .formatted(
                    document.options().rounds(),
                    machine.started(),
                    machine.cores(),
                    machine.cpu(),
                    machine.commit())),
        Candidates.BASE,
        List.of(Candidates.KTD, Candidates.BASE, ""),
        chart.groups);
  }

  private void bulk(int roundTrip) {
    for (boolean down : new boolean[] {false, true}) {
      for (int streams : Bulk.STREAMS) {
        String label =
            "%s, %d stream%s".formatted(down ? "down" : "up", streams, streams == 1 ? "" : "s");
        line(label, Bulk.row(streams, down, roundTrip));
      }
    }
    group("Bytes a second" + away(roundTrip));
  }

  private static String away(int roundTrip) {
    return roundTrip == 0 ? "" : ", %d ms away".formatted(roundTrip);
  }

  private void requests() {
    for (int roundTrip : ROUND_TRIPS) {
      line("connect and GET" + away(roundTrip), Row.delayed(Http.NEW, roundTrip) + ", p50");
    }
    line("connect and GET, 99th percentile", Http.NEW + ", p99");
    line("new ones a second, 16 threads", Http.RATE);
    line("over kept ones, 16 threads", Http.KEPT);
    group("Small requests");
  }

  private void roundTrips() {
    for (int roundTrip : ROUND_TRIPS) {
      line("alone" + away(roundTrip), Row.delayed(Latency.ALONE, roundTrip) + ", p50");
    }
    line("beside a download", Latency.BESIDE_DOWN + ", p50");
    line("beside an upload", Latency.BESIDE_UP + ", p50");
    group("Round trip of a byte, median");
  }

  private void costs() {
    for (boolean down : new boolean[] {false, true}) {
      String label = down ? "down" : "up";
      line("CPU on the laptop, " + label, "CPU " + Bulk.row(1, down, 0));
      line("CPU on the node, " + label, "CPU of the node " + Bulk.row(1, down, 0));
    }
    line("memory, idle", "RSS " + StartUp.IDLE);
    line("memory, at most", "RSS at most");
    line("start to first byte", StartUp.ROW);
    group("Cost");
  }

  private void recovery() {
    for (Recovery.Cut cut : Recovery.Cut.values()) {
      line("open one goes on, " + cut.text(), cut.row(), "lost");
      line("new one works, " + cut.text(), cut.renewed(), "never");
    }
    group("Connections after a cut");
  }

  private void line(String label, String row) {
    line(label, row, "");
  }

  /** Nothing when the row was not measured. */
  private void line(String label, String row, String missing) {
    List<Chart.Dot> dots = new ArrayList<>();
    String unit = "";
    for (Results.Series figures : series) {
      if (Row.of(figures.name()).equals(row)) {
        unit = figures.unit();
      }
    }
    for (Results.Series ratio : ratios) {
      String candidate = Row.candidate(ratio.name());
      if (Row.of(ratio.name()).equals(row) && !candidate.equals(Candidates.BASE)) {
        dots.add(Chart.Dot.of(candidate, ratio, MORE_IS_BETTER.contains(unit)));
      }
    }
    if (!unit.isEmpty()) {
      String own = median(Row.series(row, Candidates.KTD), missing);
      String base = median(Row.series(row, Candidates.BASE), missing);
      lines.add(new Chart.Line(label, dots, List.of(own, base, unit)));
    }
  }

  private String median(String name, String missing) {
    return series.stream()
        .filter(figures -> figures.name().equals(name))
        .map(figures -> digits(figures.median()))
        .findFirst()
        .orElse(missing);
  }

  private static String digits(double value) {
    String format = value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f";
    return String.format(Locale.ROOT, format, value);
  }

  private void group(String name) {
    if (!lines.isEmpty()) {
      groups.add(new Chart.Group(name, lines));
    }
    lines = new ArrayList<>();
  }
}
