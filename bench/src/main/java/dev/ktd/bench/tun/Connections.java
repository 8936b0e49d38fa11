package dev.ktd.bench.tun;

import dev.ktd.bench.figures.Counters;
import dev.ktd.bench.figures.Results;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.management.JMException;
import javax.management.ObjectName;

/** New connections a second, and what ten thousand idle ones hold. */
final class Connections {
  private static final int BATCH = 64;
  private static final int IDLE = 10_000;
  private static final int SHOWN = 14;

  private final Lab lab;

  Connections(Lab lab) {
    this.lab = lab;
  }

  private Stand ktd() throws Exception {
    return Stand.ktd(lab.host, lab.loop, new InProcess(lab.loop));
  }

  /** Opened and reset by the program, in batches. */
  void rate() throws Exception {
    for (int round = 0; round < lab.options.rounds(); round++) {
      lab.round(round, "connections ktd", "1/s", this::ktd, this::storm);
    }
  }

  private Lab.Taken storm(Map<String, Object> details) throws Exception {
    long[] opened =
        lab.program.ask(
            "connect %s %d %d %d %d"
                .formatted(
                    Stand.TARGET, InProcess.SINK, BATCH, lab.options.warmUp(), lab.options.time()));
    details.put("failed", opened[2]);
    return new Lab.Taken(opened[0] * 1e9 / opened[1], 0);
  }

  /** Heap and CPU of connections that do nothing. */
  void idle() throws Exception {
    int count = lab.options.quick() ? 500 : IDLE;
    int rounds = lab.options.quick() ? 1 : 3;
    for (int round = 0; round < rounds; round++) {
      int now = round;
      lab.round(
          round, "idle connection, heap", "B", this::ktd, details -> idle(now, count, details));
    }
  }

  private Lab.Taken idle(int round, int count, Map<String, Object> details) throws Exception {
    Map<String, Long> classesBefore = histogram();
    long before = usedHeap();
    long[] held = lab.program.ask("hold %s %d %d".formatted(Stand.TARGET, InProcess.SINK, count));
    if (held[0] != count) {
      throw new IOException("only " + held[0] + " connections");
    }
    long after = usedHeap();
    details.put("classes", largest(classesBefore, histogram(), count));
    int seconds = lab.options.quick() ? 1 : 10;
    double cpu = Counters.cpuSeconds(ProcessHandle.current().pid());
    TimeUnit.SECONDS.sleep(seconds);
    double spent = Counters.cpuSeconds(ProcessHandle.current().pid()) - cpu;
    lab.results.add(
        "idle connections, CPU",
        "%",
        new Results.Round(round, 100 * spent / seconds, Map.of(), ""));
    lab.program.ask("drop");
    return new Lab.Taken((after - before) / (double) count, 0);
  }

  private static long usedHeap() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  /** Bytes by class, as {@code jcmd GC.class_histogram} says. */
  private static Map<String, Long> histogram() throws JMException {
    Object text =
        ManagementFactory.getPlatformMBeanServer()
            .invoke(
                new ObjectName("com.sun.management:type=DiagnosticCommand"),
                "gcClassHistogram",
                new Object[] {new String[0]},
                new String[] {String[].class.getName()});
    Map<String, Long> bytes = new LinkedHashMap<>();
    text.toString()
        .lines()
        .map(line -> line.strip().split(" +", -1))
        .filter(words -> words.length >= 4 && words[0].endsWith(":"))
        .forEach(words -> bytes.merge(words[3], Long.parseLong(words[2]), Long::sum));
    return bytes;
  }

  private static Map<String, Long> largest(
      Map<String, Long> before, Map<String, Long> after, int count) {
    List<Map.Entry<String, Long>> grown =
        new ArrayList<>(Counters.between(before, after).entrySet());
    grown.sort(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder()));
    Map<String, Long> largest = new LinkedHashMap<>();
    for (Map.Entry<String, Long> entry : grown.subList(0, Math.min(SHOWN, grown.size()))) {
      largest.put(entry.getKey(), entry.getValue() / count);
    }
    return largest;
  }
}
