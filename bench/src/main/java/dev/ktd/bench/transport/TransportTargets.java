package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Results;
import dev.ktd.bench.figures.Results.Verdict;
import java.util.ArrayList;
import java.util.List;

/** What the project asks of its transport, and whether a run reached it. */
final class TransportTargets {
  private final Results results;
  private final List<Verdict> verdicts = new ArrayList<>();

  private TransportTargets(Results results) {
    this.results = results;
  }

  /** Of the parts that were run. */
  static List<Verdict> of(Results results) {
    var targets = new TransportTargets(results);
    targets.bulk();
    targets.requests();
    targets.latency();
    targets.cpu();
    targets.recovery();
    targets.startAndMemory();
    return List.copyOf(targets.verdicts);
  }

  private void bulk() {
    least(Bulk.row(1, false, 0), 1.4);
    least(Bulk.row(1, true, 0), 1.25);
    least(Bulk.row(8, false, 0), 1.5);
    least(Bulk.row(8, true, 0), 1.5);
    for (int roundTrip : List.of(20, 100)) {
      for (int streams : List.of(1, 8, 32)) {
        least(Bulk.row(streams, false, roundTrip), 2);
        least(Bulk.row(streams, true, roundTrip), 2);
      }
    }
  }

  private void requests() {
    String row = Http.NEW + ", p50";
    if (has(row)) {
      verdicts.add(Verdict.most(row + ", to ssh -L", ratio(row), 0.5));
    }
    least(Http.RATE, 1);
  }

  private void latency() {
    String alone = Row.series(Latency.ALONE + ", p50", Candidates.KTD);
    for (String row : List.of(Latency.BESIDE_DOWN, Latency.BESIDE_UP)) {
      String beside = Row.series(row + ", p50", Candidates.KTD);
      if (results.has(beside, alone)) {
        verdicts.add(Verdict.most(row + ", p50, to alone", results.ratio(beside, alone), 3));
      }
    }
  }

  private void cpu() {
    for (boolean down : new boolean[] {false, true}) {
      String row = "CPU " + Bulk.row(1, down, 0);
      if (has(row)) {
        verdicts.add(Verdict.most(row + ", to ssh -L", ratio(row), 1));
      }
    }
  }

  private void recovery() {
    for (Recovery.Cut cut : Recovery.Cut.values()) {
      String lost = Row.series(cut.lost(), Candidates.KTD);
      if (results.has(lost)) {
        verdicts.add(Verdict.most(cut.lost(), results.max(lost), 0));
      }
      String row = Row.series(cut.row(), Candidates.KTD);
      if (results.has(row) && cut.mostSeconds() > 0) {
        verdicts.add(Verdict.most(cut.row() + ", s", results.median(row), cut.mostSeconds()));
      }
    }
  }

  private void startAndMemory() {
    most(StartUp.ROW, ", s", 3);
    most("RSS " + StartUp.IDLE, ", MB", 150);
    most("RSS at most", ", MB", 300);
  }

  private void most(String row, String unit, double most) {
    String series = Row.series(row, Candidates.KTD);
    if (results.has(series)) {
      verdicts.add(Verdict.most(row + unit, results.median(series), most));
    }
  }

  private void least(String row, double least) {
    if (has(row)) {
      verdicts.add(Verdict.least(row + ", to ssh -L", ratio(row), least));
    }
  }

  private boolean has(String row) {
    return results.has(Row.series(row, Candidates.KTD), Row.series(row, Candidates.BASE));
  }

  private double ratio(String row) {
    return results.ratio(Row.series(row, Candidates.KTD), Row.series(row, Candidates.BASE));
  }
}
