package dev.ktd.bench.transport;

import dev.ktd.bench.figures.ChartSvg;
import dev.ktd.bench.figures.Machine;
import dev.ktd.bench.figures.Options;
import dev.ktd.bench.figures.Report;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Runs all parts ({@code start}, {@code bulk}, {@code latency}, {@code http}, {@code delay}, {@code
 * recovery}); see docs/benchmarks/transport.md.
 */
public final class TransportFigures {
  private static final Path OUT = Path.of("target/bench/transport.json");

  private final Bed bed;
  private final Candidates candidates;

  private TransportFigures(Bed bed) throws IOException {
    this.bed = bed;
    IperfServer.start(bed);
    bed.findServices(Target.values());
    this.candidates = new Candidates(bed, new SshServer(bed));
  }

  /** Arguments as {@link Options} has them. */
  public static void main(String[] arguments) throws Exception {
    Options options =
        Options.parse(
            new Options(5, 1000, 3000, List.of(), OUT, false),
            new Options(1, 0, 1000, List.of(), OUT, true),
            arguments);
    Machine machine = Machine.here(arguments);
    var bed = new Bed(options);
    Runtime.getRuntime().addShutdownHook(new Thread(bed::close));
    KtdCandidate.down(bed);
    new TransportFigures(bed).run();
    var document =
        new Report.Document(
            machine,
            options,
            TransportTargets.of(bed.results),
            bed.results.series(),
            Ratios.of(bed.results));
    Report.print(document);
    Report.write(document, options.out());
    ChartSvg.write(
        TransportChart.of(document),
        Path.of(options.out().toString().replaceFirst("(\\.json)?$", ".svg")));
    System.exit(0);
  }

  private void run() throws IOException, InterruptedException {
    if (bed.options.wants("start")) {
      new StartUp(bed).run(bed.kubeconfig, candidates.started());
    }
    if (wantsAny("bulk", "latency", "http")) {
      candidates.groups().forEach(this::withoutDelay);
    }
    if (bed.options.wants("delay")) {
      new Delay(bed).run(candidates.main());
    }
    if (bed.options.wants("recovery")) {
      for (List<Candidate.Entry> group : candidates.groups()) {
        new Recovery(bed).run(group);
      }
    }
  }

  private boolean wantsAny(String... parts) {
    return List.of(parts).stream().anyMatch(bed.options::wants);
  }

  private void withoutDelay(List<Candidate.Entry> group) {
    try (var standing = new Standing(bed, bed.kubeconfig, group)) {
      var bulk = new Bulk(bed);
      bulk.warmUp(standing);
      if (bed.options.wants("http")) {
        new Http(bed).run(standing);
      }
      if (bed.options.wants("latency")) {
        new Latency(bed).run(standing);
      }
      if (bed.options.wants("bulk")) {
        bulk.run(standing, 0);
      }
      standing.noteMemory("after load", 0);
      standing.noteMostMemory();
    }
  }
}
