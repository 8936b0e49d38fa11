package dev.ktd.bench.tun;

import dev.ktd.bench.figures.Child;
import dev.ktd.bench.figures.Counters;
import dev.ktd.bench.figures.Options;
import dev.ktd.bench.figures.Report;
import dev.ktd.bench.figures.Results;
import dev.ktd.os.Journal;
import dev.ktd.os.linux.LinuxHost;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** What all parts share: the namespace's host, the one event loop, the local program. */
final class Lab implements AutoCloseable {
  final Options options;
  final Results results = new Results();
  final LinuxHost host;
  final IoEventLoop loop;
  final Child program;
  private final MultiThreadIoEventLoopGroup group;

  Lab(Options options) throws IOException {
    this.options = options;
    Path journal = Files.createTempDirectory("ktd-bench").resolve("state");
    this.host = new LinuxHost(new Journal(journal));
    this.group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    this.loop = group.next();
    this.program = new Child(Program.class);
  }

  /** Makes a stand for one round. */
  interface StandMaker {
    Stand make() throws Exception;
  }

  /** Measures on a stand. */
  interface Work {
    Taken run(Map<String, Object> details) throws Exception;
  }

  /**
   * @param value in the unit of the series
   * @param gigabytes that were moved, 0 when it is not about bytes
   */
  record Taken(double value, double gigabytes) {}

  /** One round: stand up, work, counters, stand down. */
  void round(int round, String series, String unit, StandMaker maker, Work work) throws Exception {
    try (Stand stand = maker.make()) {
      Map<String, Object> details = new LinkedHashMap<>();
      measured(round, series, unit, Stand.DEVICE, details, work);
      stand.counters().entrySet().stream()
          .filter(e -> e.getValue() != 0)
          .filter(e -> e.getKey().startsWith("drops.") || e.getKey().startsWith("tcp.re"))
          .forEach(e -> details.put(e.getKey(), e.getValue()));
    }
  }

  /** The same without a stand of ours. */
  void measured(
      int round, String series, String unit, String device, Map<String, Object> details, Work work)
      throws Exception {
    Map<String, Long> before = Counters.read(device);
    double own = Counters.cpuSeconds(ProcessHandle.current().pid());
    double programs = Counters.cpuSeconds(program.pid());
    double stolen = Counters.stolenSeconds();
    long start = System.nanoTime();
    Taken taken = work.run(details);
    double seconds = (System.nanoTime() - start) / 1e9;
    Map<String, Long> changed = Counters.between(before, Counters.read(device));
    double ownCpu = Counters.cpuSeconds(ProcessHandle.current().pid()) - own;
    double programCpu = Counters.cpuSeconds(program.pid()) - programs;
    details.putAll(changed);
    details.put("stack CPU %", Math.round(100 * ownCpu / seconds));
    details.put("program CPU %", Math.round(100 * programCpu / seconds));
    if (taken.gigabytes() > 0) {
      // The warm-up is in the time but not in the bytes.
      double share = options.time() / (double) (options.time() + options.warmUp());
      details.put("stack CPU s/GB", rounded(ownCpu * share / taken.gigabytes()));
      details.put("program CPU s/GB", rounded(programCpu * share / taken.gigabytes()));
    }
    double stolenPercent = 100 * (Counters.stolenSeconds() - stolen) / seconds;
    String marked = Counters.suspicion(changed);
    if (stolenPercent > 2) {
      marked = "steal %.1f %%".formatted(stolenPercent);
    }
    results.add(series, unit, new Results.Round(round, taken.value(), details, marked));
    Report.line("  %-34s %10.2f %s  %s %s".formatted(series, taken.value(), unit, details, marked));
  }

  private static double rounded(double value) {
    return Math.round(value * 1000) / 1000.0;
  }

  @Override
  public void close() {
    program.close();
    group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
