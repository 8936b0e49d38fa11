package dev.ktd.bench.figures;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the kernel counts in this network namespace (proc(5): {@code net/snmp}, {@code net/netstat},
 * {@code net/dev}), as {@code nstat} and {@code ip -s link} show it.
 */
public final class Counters {
  private static final List<String> WANTED =
      List.of(
          "RetransSegs",
          "TCPTimeouts",
          "TCPLossProbes",
          "TCPLossProbeRecovery",
          "TCPFastRetrans",
          "TCPDSACKRecv",
          "TCPBacklogDrop",
          "TCPRcvQDrop",
          "TCPSynRetrans",
          "TCPSpuriousRTOs",
          "InErrs");

  private static final List<String> LOSSES =
      List.of("TCPBacklogDrop", "TCPRcvQDrop", "tun rx drops", "tun tx drops");

  private Counters() {}

  /** As they are now. */
  public static Map<String, Long> read(String device) throws IOException {
    Map<String, Long> counters = new LinkedHashMap<>();
    for (String file : List.of("snmp", "netstat")) {
      List<String> lines = Files.readAllLines(Path.of("/proc/net", file));
      for (int i = 0; i + 1 < lines.size(); i += 2) {
        String[] names = lines.get(i).split(" ", -1);
        String[] values = lines.get(i + 1).split(" ", -1);
        for (int k = 1; k < names.length && names[0].startsWith("Tcp"); k++) {
          if (WANTED.contains(names[k])) {
            counters.put(names[k], Long.parseLong(values[k]));
          }
        }
      }
    }
    for (String line : Files.readAllLines(Path.of("/proc/net/dev"))) {
      if (line.strip().startsWith(device + ":")) {
        String[] fields = line.strip().split("[ :]+", -1);
        counters.put("tun rx drops", Long.parseLong(fields[4]));
        counters.put("tun tx drops", Long.parseLong(fields[12]));
      }
    }
    return counters;
  }

  public static boolean missing(String device) throws IOException {
    return Files.readAllLines(Path.of("/proc/net/dev")).stream()
        .noneMatch(line -> line.strip().startsWith(device + ":"));
  }

  /** What happened between two readings, without zeros. */
  public static Map<String, Long> between(Map<String, Long> before, Map<String, Long> after) {
    Map<String, Long> difference = new LinkedHashMap<>();
    after.forEach(
        (name, value) -> {
          long change = value - before.getOrDefault(name, 0L);
          if (change != 0) {
            difference.put(name, change);
          }
        });
    return difference;
  }

  /**
   * Why a round with these counters is to be doubted; empty when it is not. A repetition that the
   * other side says it did not need (D-SACK, RFC 2883) is the kernel's probe for a lost tail (RFC
   * 8985, section 7): an ACK was late since its sender had no CPU, and nothing was lost.
   */
  public static String suspicion(Map<String, Long> changed) {
    long repeated =
        changed.getOrDefault("RetransSegs", 0L) - changed.getOrDefault("TCPDSACKRecv", 0L);
    List<String> reasons = new ArrayList<>();
    if (repeated > 0) {
      reasons.add("RetransSegs " + repeated);
    }
    for (String name : LOSSES) {
      if (changed.containsKey(name)) {
        reasons.add(name + " " + changed.get(name));
      }
    }
    return String.join(", ", reasons);
  }

  /** User and system time of a process in seconds; hundredths are what the kernel tells. */
  public static double cpuSeconds(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
    // The second field, the name, may have blanks; behind it utime and stime are 12th and 13th.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / 100.0;
  }

  /** What the hypervisor took from this machine since its start, in seconds. */
  public static double stolenSeconds() throws IOException {
    String[] fields = Files.readAllLines(Path.of("/proc/stat")).getFirst().split(" +", -1);
    return Long.parseLong(fields[8]) / 100.0;
  }
}
