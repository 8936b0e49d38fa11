package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.os.Journal;
import dev.ktd.os.TunDevice;
import dev.ktd.os.linux.LinuxHost;
import dev.ktd.os.linux.Netns;
import dev.ktd.os.linux.PlainTun;
import dev.ktd.stack.DifferentialSequence.Answer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same sequences of segments against Linux and against the stack, both as the server: where the
 * answers differ, docs/tcp-conformance.md says so and why, and nowhere else. Needs root.
 *
 * <pre>
 *   namespace ktd-differential-PID
 *   server socket 10.43.7.9:80 - kernel --- ktd0 === this test, as 198.18.0.1
 * </pre>
 */
@Timeout(120)
class DifferentialNetnsIT {
  private static final Path SEQUENCES = Path.of("src/test/resources/differential/sequences.txt");
  private static final Path PAGE = Path.of("../docs/tcp-conformance.md");
  private static final String SECTION = "## Differences from Linux\n";

  /** What is not to be compared is switched off; what is limited in time is not. */
  private static final Map<String, String> SETTINGS =
      Map.of(
          "tcp_timestamps", "0",
          "tcp_ecn", "0",
          "tcp_syncookies", "0",
          "tcp_fastopen", "0",
          "tcp_challenge_ack_limit", "1000000",
          "tcp_invalid_ratelimit", "0",
          "tcp_early_retrans", "0",
          "tcp_comp_sack_nr", "0",
          "tcp_congestion_control", "reno");

  /** A SYN-ACK is repeated after a second; a sequence that took this long is played again. */
  private static final long SLOW = TimeUnit.MILLISECONDS.toNanos(500);

  @TempDir Path temporary;

  @Test
  void theStackAnswersAsLinuxDoesButWhereThePageSaysOtherwise() throws Exception {
    List<DifferentialSequence> sequences =
        DifferentialSequence.parse(Files.readAllLines(SEQUENCES));
    List<String> differences;
    try (Netns namespace = Netns.forTest("differential")) {
      differences = namespace.inside(() -> differences(sequences));
    }
    List<String> documented = documented();
    assertThat(differences)
        .as("rows of the page without their reasons:\n" + String.join("\n", differences) + "\n")
        .containsExactlyInAnyOrderElementsOf(documented);
  }

  private List<String> differences(List<DifferentialSequence> sequences) throws Exception {
    List<String> rows = new ArrayList<>();
    var host = new LinuxHost(new Journal(temporary.resolve("state")));
    try (TunDevice tun = host.openTun("ktd0", 1500);
        var kernel = new KernelServer(settle(tun))) {
      int port = 20_000;
      for (DifferentialSequence sequence : sequences) {
        long start;
        List<Answer> linux;
        do {
          start = System.nanoTime();
          linux = sequence.play(kernel, ++port);
        } while (System.nanoTime() - start > SLOW);
        compare(sequence, linux, sequence.play(new StackServer(), port), rows);
      }
    }
    return rows;
  }

  /** The server's address is the kernel's, and a time-out is far away. */
  private static TunDevice settle(TunDevice tun) throws IOException {
    for (Map.Entry<String, String> setting : SETTINGS.entrySet()) {
      Files.writeString(Path.of("/proc/sys/net/ipv4", setting.getKey()), setting.getValue());
    }
    Netns.run("ip", "address", "flush", "dev", "ktd0");
    Netns.run("ip", "address", "add", "10.43.7.9/32", "dev", "ktd0");
    Netns.run("ip", "route", "replace", "198.18.0.1", "dev", "ktd0", "rto_min", "20s");
    return new PlainTun(tun);
  }

  private static void compare(
      DifferentialSequence sequence, List<Answer> linux, List<Answer> ktd, List<String> rows) {
    for (int i = 0; i < linux.size(); i++) {
      if (!linux.get(i).equals(ktd.get(i))) {
        rows.add(
            "| %s %d: `%s` | `%s` | `%s` |"
                .formatted(
                    sequence.name(),
                    i + 1,
                    linux.get(i).step(),
                    linux.get(i).answers(),
                    ktd.get(i).answers()));
      }
    }
  }

  /** The rows of the page, without the reason that each has as its last cell. */
  private static List<String> documented() throws IOException {
    String page = Files.readString(PAGE);
    int start = page.indexOf(SECTION);
    if (start < 0) {
      return List.of();
    }
    int end = page.indexOf("\n## ", start + 1);
    return page.substring(start, end < 0 ? page.length() : end)
        .lines()
        .filter(line -> line.startsWith("| ") && line.contains("`"))
        .map(line -> line.substring(0, line.lastIndexOf('|', line.length() - 2) + 1))
        .toList();
  }
}
