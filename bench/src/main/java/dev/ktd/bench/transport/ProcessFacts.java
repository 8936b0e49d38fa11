package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Counters;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What proc(5) says about processes. One that has ended counts as nothing. */
final class ProcessFacts {
  private static final Set<String> ALONE = Set.of("containerd", "sshd", "ktd-agent");
  private static final Set<String> PARTS = Set.of("kube-apiserver", "kubelet");

  private ProcessFacts() {}

  /** User and system time in seconds, in sum. */
  static double cpuSeconds(Collection<Long> pids) {
    double sum = 0;
    for (long pid : pids) {
      sum += cpuSeconds(pid);
    }
    return sum;
  }

  private static double cpuSeconds(long pid) {
    try {
      return Counters.cpuSeconds(pid);
    } catch (IOException e) {
      return 0;
    }
  }

  /**
   * Each word followed by a NUL; empty where there is none. {@link ProcessHandle.Info} knows the
   * first 4096 bytes only, and a class path is long.
   */
  static String commandLine(long pid) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"));
    } catch (IOException e) {
      return "";
    }
  }

  /** Open file descriptors. */
  static long descriptors(long pid) {
    try (Stream<Path> all = Files.list(Path.of("/proc", Long.toString(pid), "fd"))) {
      return all.count();
    } catch (IOException e) {
      return 0;
    }
  }

  static double threads(long pid) {
    return statusField(pid, "Threads:");
  }

  /** All whose name is that, whatever container they are in. */
  static List<ProcessHandle> named(String name) {
    return ProcessHandle.allProcesses()
        .filter(process -> name(process.pid()).equals(name))
        .toList();
  }

  private static String name(long pid) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(pid), "comm")).strip();
    } catch (IOException e) {
      return "";
    }
  }

  /** Resident memory in MB (10^6 bytes), now, or at its highest. */
  static double residentMegabytes(long pid, boolean highest) {
    return statusField(pid, highest ? "VmHWM:" : "VmRSS:") * 1024 / 1e6;
  }

  private static double statusField(long pid, String field) {
    try {
      return Files.readAllLines(Path.of("/proc", Long.toString(pid), "status")).stream()
          .filter(line -> line.startsWith(field))
          .mapToDouble(line -> Long.parseLong(line.replaceAll("\\D", "")))
          .sum();
    } catch (IOException e) {
      return 0;
    }
  }

  /**
   * The CPU seconds so far of all that carries bytes on the node: API server, kubelet, containerd,
   * and the servers in the proxies' pods. Only the candidate that is measured makes them work.
   */
  static Map<String, Double> nodeCpuSeconds() throws IOException {
    Map<String, Double> found = new TreeMap<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[1-9]*")) {
      for (Path process : processes) {
        String role = role(process);
        if (!role.isEmpty()) {
          long pid = Long.parseLong(String.valueOf(process.getFileName()));
          found.merge(role, cpuSeconds(pid), Double::sum);
        }
      }
    }
    return found;
  }

  private static String role(Path process) {
    try {
      String name = Files.readString(process.resolve("comm")).strip();
      if (ALONE.contains(name)) {
        return name;
      }
      // All of Kubernetes is one program here; its first argument says which part.
      if (name.startsWith("kube")) {
        String[] words = Files.readString(process.resolve("cmdline")).split("\0", -1);
        return words.length > 1 && PARTS.contains(words[1]) ? words[1] : "";
      }
      return "";
    } catch (IOException e) {
      return "";
    }
  }
}
