package dev.ktd.bench.tun;

import dev.ktd.bench.figures.Command;
import dev.ktd.bench.figures.Programs;
import dev.ktd.bench.figures.Report;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code iperf3} end to end: its client through device, stack and relay, and from there by a
 * loopback socket to a real {@code iperf3 -s}; beside the two over loopback alone.
 */
final class Iperf {
  private static final int PORT = 5201;

  private final Lab lab;

  Iperf(Lab lab) {
    this.lab = lab;
  }

  void run() throws Exception {
    Optional<Path> program = Programs.find("iperf3");
    if (program.isEmpty()) {
      Report.line("  iperf3 is not found: left out");
      return;
    }
    Process server =
        new ProcessBuilder(program.get().toString(), "-s", "-p", Integer.toString(PORT))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      for (int round = 0; round < lab.options.rounds(); round++) {
        for (String direction : List.of("up", "down")) {
          measure(round, direction, program.get());
        }
      }
    } finally {
      server.destroy();
      server.waitFor(10, TimeUnit.SECONDS);
    }
  }

  private void measure(int round, String direction, Path program) throws Exception {
    boolean down = direction.equals("down");
    lab.measured(
        round,
        direction + " iperf3 over loopback",
        "Gb/s",
        Stand.DEVICE,
        new LinkedHashMap<>(),
        details -> client(program, "127.0.0.1", down, details));
    var server = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), PORT);
    lab.round(
        round,
        direction + " iperf3 through ktd",
        "Gb/s",
        () -> Stand.ktd(lab.host, lab.loop, SocketDialer.to(lab.loop, server)),
        details -> client(program, Stand.TARGET, down, details));
  }

  private Lab.Taken client(Path program, String address, boolean down, Map<String, Object> details)
      throws IOException, InterruptedException {
    int seconds = Math.max(1, lab.options.time() / 1000);
    List<String> command =
        new ArrayList<>(
            List.of(program.toString(), "-c", address, "-p", "" + PORT, "-J", "-t", "" + seconds));
    if (!lab.options.quick()) {
      command.addAll(List.of("-O", "1"));
    }
    if (down) {
      command.add("-R");
    }
    JsonNode told = JsonMapper.shared().readTree(Command.run("", command));
    JsonNode sum = told.path("end").path("sum_received");
    details.put("retransmits", told.path("end").path("sum_sent").path("retransmits").asLong(0));
    return new Lab.Taken(
        sum.path("bits_per_second").asDouble() / 1e9, sum.path("bytes").asDouble() / 1e9);
  }
}
