package dev.ktd.bench.tun;

import dev.ktd.bench.figures.Machine;
import dev.ktd.bench.figures.Options;
import dev.ktd.bench.figures.Report;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Runs all parts ({@code jmh}, {@code bulk}, {@code latency}, {@code connect}, {@code idle}, {@code
 * peer}, {@code iperf}); see docs/benchmarks/README.md.
 */
public final class StackFigures {
  private StackFigures() {}

  /** One part of the run, by the name that {@link Options#only} has for it. */
  private record Part(String name, Work work) {}

  private interface Work {
    void run() throws Exception;
  }

  private static final Path OUT = Path.of("target/bench/stack.json");

  /** Arguments as {@link Options} has them. */
  public static void main(String[] arguments) throws Exception {
    Options options =
        Options.parse(
            new Options(7, 1000, 4000, List.of(), OUT, false),
            new Options(1, 200, 500, List.of(), OUT, true),
            arguments);
    refuseTheMachinesOwnNamespace();
    Machine machine = Machine.here(arguments);
    try (var lab = new Lab(options)) {
      for (Part part : parts(lab)) {
        if (options.wants(part.name())) {
          Report.line(part.name());
          part.work().run();
        }
      }
      var document =
          new Report.Document(
              machine, options, Targets.of(lab.results), lab.results.series(), List.of());
      Report.print(document);
      Report.write(document, options.out());
    }
    System.exit(0);
  }

  private static List<Part> parts(Lab lab) {
    return List.of(
        new Part("bulk", new Bulk(lab)::run),
        new Part("latency", new Latency(lab)::run),
        new Part("connect", new Connections(lab)::rate),
        new Part("idle", new Connections(lab)::idle),
        new Part("peer", new Peers(lab)::run),
        new Part("iperf", new Iperf(lab)::run),
        new Part("jmh", new Alone(lab.options, lab.results)::run));
  }

  /** Devices and routes are made here: only where nobody else's traffic is. */
  private static void refuseTheMachinesOwnNamespace() throws IOException {
    List<String> devices = Files.readAllLines(Path.of("/proc/net/dev"));
    if (devices.stream().skip(2).anyMatch(line -> !line.strip().startsWith("lo:"))) {
      throw new IOException("run it by `make bench-stack`, which makes a network namespace for it");
    }
  }
}
