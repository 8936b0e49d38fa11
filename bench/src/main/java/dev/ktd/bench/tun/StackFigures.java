package dev.ktd.bench.tun;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Runs all parts; see docs/benchmarks/README.md. */
public final class StackFigures {
  private StackFigures() {}

  /** One part of the run, by the name that {@link Options#only} has for it. */
  private record Part(String name, Work work) {}

  private interface Work {
    void run() throws Exception;
  }

  /** Arguments as {@link Options} has them. */
  public static void main(String[] arguments) throws Exception {
    Options options = Options.parse(arguments);
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
          new Report.Document(machine, options, Targets.of(lab.results), lab.results.series());
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
