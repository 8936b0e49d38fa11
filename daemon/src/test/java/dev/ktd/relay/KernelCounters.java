package dev.ktd.relay;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The kernel's counters of one network namespace, by the names of nstat(8), and what its device
 * dropped, as {@code ktd0Dropped}: the TUN queue was full.
 */
record KernelCounters(Map<String, Long> values) {
  /** Name, eight numbers of receiving; then bytes, packets, errors, dropped. */
  private static final int TRANSMIT_DROPPED = 12;

  /** Of the namespace that the calling thread is in. */
  static KernelCounters read() throws IOException {
    Map<String, Long> values = new TreeMap<>();
    for (String file : List.of("snmp", "netstat")) {
      // /proc/net is that of the process, not of the thread.
      List<String> lines = Files.readAllLines(Path.of("/proc/thread-self/net", file));
      for (int i = 0; i + 1 < lines.size(); i += 2) {
        String[] names = lines.get(i).split("[: ]+", -1);
        String[] numbers = lines.get(i + 1).split("[: ]+", -1);
        for (int j = 1; j < names.length; j++) {
          values.put(names[0] + names[j], Long.parseLong(numbers[j]));
        }
      }
    }
    for (String line : Files.readAllLines(Path.of("/proc/thread-self/net/dev"))) {
      String[] words = line.strip().split("[: ]+", -1);
      if (line.contains(":")) {
        values.put(words[0] + "Dropped", Long.parseLong(words[TRANSMIT_DROPPED]));
      }
    }
    return new KernelCounters(values);
  }

  long value(String name) {
    Long value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException("the kernel does not count " + name);
    }
    return value;
  }
}
