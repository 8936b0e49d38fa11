package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Machine;
import dev.ktd.bench.figures.Options;
import dev.ktd.bench.figures.Report;
import dev.ktd.bench.figures.Results;
import dev.ktd.bench.figures.Results.Verdict;
import dev.ktd.bench.transport.SoakSampler.Gauge;
import dev.ktd.testbed.WireProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.security.Security;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Keeps ktd under a mixed load, cuts its way now and then, and judges whether what it holds grows;
 * see docs/benchmarks/soak.md. Of the options, {@code time} is how long it takes in all.
 */
public final class SoakFigures {
  private static final Path OUT = Path.of("target/bench/soak.json");
  private static final int SAMPLE_SECONDS = 10;
  private static final int SAMPLES_A_LINE = 6;
  private static final int SETTLE_SECONDS = 10;
  private static final double CHANNELS_LEFT = 8;

  private final Bed bed;
  private final List<Verdict> verdicts = new ArrayList<>();

  private SoakFigures(Bed bed) {
    this.bed = bed;
  }

  /** Arguments as {@link Options} has them. Exits with 1 when something grew or was lost. */
  public static void main(String[] arguments) throws Exception {
    // Each look-up of a name must be one.
    Security.setProperty("networkaddress.cache.ttl", "0");
    Security.setProperty("networkaddress.cache.negative.ttl", "0");
    var normal = new Options(1, 0, 1_200_000, List.of(), OUT, false);
    Options options = Options.parse(normal, normal, arguments);
    Machine machine = Machine.here(arguments);
    var bed = new Bed(options);
    Runtime.getRuntime().addShutdownHook(new Thread(bed::close));
    if (options.time() < TimeUnit.SECONDS.toMillis(SAMPLE_SECONDS) * Steadiness.FEWEST_SAMPLES) {
      System.err.printf(
          "soak: %d s are too short: %d samples of %d s are needed, so at least DURATION=%ds%n",
          options.time() / 1000,
          Steadiness.FEWEST_SAMPLES,
          SAMPLE_SECONDS,
          SAMPLE_SECONDS * Steadiness.FEWEST_SAMPLES);
      System.exit(2);
    }
    KtdCandidate.down(bed);
    bed.findServices(Target.ECHO, Target.WEB);
    var soak = new SoakFigures(bed);
    soak.run();
    var document =
        new Report.Document(machine, options, soak.verdicts, bed.results.series(), List.of());
    Report.print(document);
    Report.write(document, options.out());
    boolean flat = soak.verdicts.stream().allMatch(Verdict::met);
    Report.line(flat ? "flat" : "NOT flat, or something was lost");
    System.exit(flat ? 0 : 1);
  }

  private void run() throws IOException, InterruptedException {
    // Closed in the other order: the proxy is deleted over the wire.
    try (WireProcess wire = bed.wire();
        var ktd = new KtdCandidate(bed, bed.over(wire))) {
      bed.undoLater(ktd);
      var sampler = new SoakSampler(bed, ktd);
      double channels = sampler.read().getOrDefault(Gauge.CHANNELS, 0.0);
      var load = new SoakLoad(ktd);
      bed.undoLater(load::stop);
      var cutter = new Cutter(wire);
      watch(sampler, load, cutter);
      cutter.end();
      verdicts.add(Verdict.least("cuts", cutter.cuts(), Cutter.expected(bed.options.time())));
      Map<SoakLoad.Kind, Integer> before = load.done();
      TimeUnit.SECONDS.sleep(SETTLE_SECONDS);
      load.finish();
      load.done()
          .forEach(
              (kind, done) ->
                  verdicts.add(
                      Verdict.least(
                          "done after the last cut: " + name(kind),
                          done - before.getOrDefault(kind, 0),
                          1)));
      TimeUnit.SECONDS.sleep(SETTLE_SECONDS);
      double left = sampler.read().getOrDefault(Gauge.CHANNELS, 0.0);
      judge(load, sampler);
      verdicts.add(Verdict.most("SSH channels after the load", left, channels + CHANNELS_LEFT));
    }
  }

  private void watch(SoakSampler sampler, SoakLoad load, Cutter cutter)
      throws IOException, InterruptedException {
    long samples = TimeUnit.MILLISECONDS.toSeconds(bed.options.time()) / SAMPLE_SECONDS;
    long start = System.nanoTime();
    long interval = TimeUnit.SECONDS.toNanos(SAMPLE_SECONDS);
    for (int i = 1; i <= samples; i++) {
      TimeUnit.NANOSECONDS.sleep(start + i * interval - System.nanoTime());
      Map<Gauge, Double> read = sampler.sample();
      if (i % SAMPLES_A_LINE == 0) {
        tell(Duration.ofNanos(System.nanoTime() - start), read, load, cutter);
      }
    }
  }

  private static void tell(Duration since, Map<Gauge, Double> read, SoakLoad load, Cutter cutter) {
    var line = new StringBuilder("%5.1f min".formatted(since.toMillis() / 60e3));
    read.forEach((gauge, value) -> line.append("  %s %.0f".formatted(gauge.series, value)));
    for (SoakLoad.Kind kind : SoakLoad.Kind.values()) {
      line.append("  %s %d".formatted(name(kind), load.done(kind)));
      if (load.failed(kind) > 0) {
        line.append(" (%d in vain)".formatted(load.failed(kind)));
      }
    }
    Report.line(line + "  cuts " + cutter.cuts());
  }

  private static String name(SoakLoad.Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  private void judge(SoakLoad load, SoakSampler sampler) throws IOException {
    for (Gauge gauge : Gauge.values()) {
      bed.results.series().stream()
          .filter(series -> series.name().equals(gauge.series))
          .forEach(series -> verdicts.add(Steadiness.judge(series, gauge.slack)));
    }
    for (SoakLoad.Kind kind : SoakLoad.Kind.values()) {
      bed.results.add(
          "in vain: " + name(kind), "", new Results.Round(0, load.failed(kind), Map.of(), ""));
    }
    verdicts.add(Verdict.most("lost connections, wrong answers", load.faults(), 0));
    verdicts.add(Verdict.least("carriers resumed", sampler.resumed(), 1));
  }
}
