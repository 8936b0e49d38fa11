package dev.ktd.os.linux;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** What /proc tells about processes (proc(5)). */
final class Processes {
  private static final Path PROC = Path.of("/proc");

  /** A process by number and name. */
  record Holder(long pid, String name) {
    @Override
    public String toString() {
      return name + " (pid " + pid + ")";
    }
  }

  /**
   * What tells a process from a later one with the same number: the boot and its start in clock
   * ticks since then. Empty when there is no such process.
   */
  Optional<String> identity(long pid) {
    try {
      String stat = Files.readString(PROC.resolve(pid + "/stat"));
      // The name, in brackets, may hold spaces and brackets: fields count from its end. starttime
      // is field 22, state is field 3.
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      String boot = Files.readString(PROC.resolve("sys/kernel/random/boot_id")).strip();
      boolean dead = fields[0].equals("Z") || fields[0].equals("X");
      return dead ? Optional.empty() : Optional.of(boot + ":" + fields[22 - 3]);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** The process in this network namespace that has the TUN device {@code name} open, if any. */
  Optional<Holder> holderOfTun(String name) {
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
      Path here = Files.readSymbolicLink(PROC.resolve("thread-self/ns/net"));
      for (Path process : processes) {
        if (holds(process, name, here)) {
          return Optional.of(
              new Holder(
                  Long.parseLong(process.getFileName().toString()),
                  Files.readString(process.resolve("comm")).strip()));
        }
      }
    } catch (IOException e) {
      return Optional.empty(); // Only the wording of a message depends on it.
    }
    return Optional.empty();
  }

  private static boolean holds(Path process, String name, Path namespace) {
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(process.resolve("fd"))) {
      for (Path descriptor : descriptors) {
        if (isTun(descriptor)
            && Files.readString(process.resolve("fdinfo").resolve(descriptor.getFileName()))
                .contains("iff:\t" + name + "\n")
            && anyThreadIn(process, namespace)) {
          return true;
        }
      }
    } catch (IOException e) {
      return false; // It ended meanwhile, or is none of our business.
    }
    return false;
  }

  private static boolean isTun(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).endsWith("net/tun");
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean anyThreadIn(Path process, Path namespace) throws IOException {
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(process.resolve("task"))) {
      for (Path thread : threads) {
        if (Files.readSymbolicLink(thread.resolve("ns/net")).equals(namespace)) {
          return true;
        }
      }
    }
    return false;
  }
}
