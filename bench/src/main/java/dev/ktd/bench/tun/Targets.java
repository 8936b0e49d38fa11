package dev.ktd.bench.tun;

import dev.ktd.bench.figures.Results;
import dev.ktd.bench.figures.Results.Verdict;
import java.util.ArrayList;
import java.util.List;

/** What the project asks of its stack, and whether a run reached it. */
final class Targets {
  private final Results results;
  private final List<Verdict> verdicts = new ArrayList<>();

  private Targets(Results results) {
    this.results = results;
  }

  /** Of the parts that were run. */
  static List<Verdict> of(Results results) {
    var targets = new Targets(results);
    targets.bulk();
    targets.alone();
    targets.peers();
    targets.latency();
    targets.connections();
    return List.copyOf(targets.verdicts);
  }

  private void bulk() {
    ratio("up, one flow, to the counting reader", "up ktd, 1", "up ceiling, 1", 0.8);
    ratio("down, one flow, to the writer", "down ktd, 1", "down ceiling, 1", 0.5);
    ratio("up, 32 flows to one", "up ktd, 32", "up ktd, 1", 1);
    ratio("down, 32 flows to one", "down ktd, 32", "down ktd, 1", 1);
  }

  private void alone() {
    for (String direction : List.of("up", "down")) {
      String alone = direction + " stack alone";
      if (results.has(alone)) {
        String bytes = alone + ", allocated";
        verdicts.add(
            Verdict.most(alone + ", B allocated per super-segment", results.median(bytes), 1));
      }
      if (results.has(alone, direction + " ktd, 1")) {
        double through = results.median(direction + " ktd, 1");
        verdicts.add(
            Verdict.least(alone + " to through the device", results.median(alone) / through, 3));
      }
    }
  }

  private void peers() {
    for (String direction : List.of("up", "down")) {
      ratio(
          direction + ", by SOCKS5, to tun2socks",
          direction + " ktd by SOCKS5",
          direction + " tun2socks by SOCKS5",
          1.5);
    }
  }

  private void latency() {
    added("median", "p50", 40);
    added("p99", "p99", 150);
  }

  private void added(String what, String percentile, double most) {
    String through = "round trip ktd, " + percentile;
    String direct = "round trip loopback, " + percentile;
    if (results.has(through, direct)) {
      double added = results.median(through) - results.median(direct);
      verdicts.add(Verdict.most("added round trip, " + what + ", us", added, most));
    }
  }

  private void connections() {
    if (results.has("connections ktd")) {
      double rate = results.median("connections ktd");
      verdicts.add(Verdict.least("new connections a second", rate, 20_000));
    }
    if (results.has("idle connection, heap")) {
      double heap = results.median("idle connection, heap");
      verdicts.add(Verdict.most("heap of an idle connection, B", heap, 4096));
      double cpu = results.median("idle connections, CPU");
      verdicts.add(Verdict.most("CPU of idle connections, % of a core", cpu, 1));
    }
  }

  private void ratio(String target, String over, String under, double least) {
    if (results.has(over, under)) {
      verdicts.add(Verdict.least(target, results.ratio(over, under), least));
    }
  }
}
