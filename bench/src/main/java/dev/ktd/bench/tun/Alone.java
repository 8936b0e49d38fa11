package dev.ktd.bench.tun;

import dev.ktd.bench.MemoryPeer;
import dev.ktd.bench.figures.Options;
import dev.ktd.bench.figures.Results;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** The JMH benchmarks, in JVMs of their own, with what they allocate. */
final class Alone {
  private static final String ALLOCATED = "gc.alloc.rate.norm";

  private final Options options;
  private final Results results;

  Alone(Options options, Results results) {
    this.options = options;
    this.results = results;
  }

  void run() throws RunnerException {
    TimeValue time = TimeValue.milliseconds(options.quick() ? 200 : 1000);
    ChainedOptionsBuilder chosen =
        new OptionsBuilder()
            .include("dev\\.ktd\\.bench\\..*Benchmark\\.")
            .addProfiler(GCProfiler.class)
            .verbosity(VerboseMode.SILENT)
            .forks(options.quick() ? 1 : 2)
            .warmupIterations(options.quick() ? 1 : 4)
            .warmupTime(time)
            .measurementIterations(options.quick() ? 2 : 5)
            .measurementTime(time);
    Collection<RunResult> ran = new Runner(chosen.build()).run();
    if (ran.isEmpty()) {
      throw new RunnerException("no benchmark was run");
    }
    ran.forEach(this::take);
  }

  private void take(RunResult run) {
    String label = run.getPrimaryResult().getLabel();
    boolean stack = run.getParams().getBenchmark().contains("StackBenchmark");
    var parameters = new StringBuilder();
    run.getParams().getParamsKeys().stream()
        .map(key -> " " + run.getParams().getParam(key))
        .forEach(parameters::append);
    String series = stack ? label + " stack alone" : label + parameters;
    int round = 0;
    for (BenchmarkResult fork : run.getBenchmarkResults()) {
      for (IterationResult iteration : fork.getIterationResults()) {
        double score = iteration.getPrimaryResult().getScore();
        double value = stack ? score * MemoryPeer.PAYLOAD * 8 / 1e9 : score;
        results.add(series, stack ? "Gb/s" : "ns", new Results.Round(round, value, Map.of(), ""));
        results.add(
            series + ", allocated",
            "B",
            new Results.Round(round, allocated(iteration), new LinkedHashMap<>(), ""));
        round++;
      }
    }
  }

  private static double allocated(IterationResult iteration) {
    Result<?> secondary = iteration.getSecondaryResults().get(ALLOCATED);
    return secondary == null ? Double.NaN : secondary.getScore();
  }
}
