package dev.ktd.bench.tun;

import dev.ktd.bench.figures.Child;
import dev.ktd.bench.figures.Command;
import dev.ktd.bench.figures.Counters;
import dev.ktd.bench.figures.Programs;
import dev.ktd.bench.figures.Report;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Beside {@code tun2socks}, which is gVisor's stack: both end flows of their own TUN device and
 * hand them by SOCKS5 to the same {@link SocksSink}. Found in the directory {@code KTD_PEERS} or on
 * PATH; without it this part is left out.
 */
final class Peers {
  private static final String PEER_DEVICE = "peerbench";
  private static final String PEER_NETWORK = "10.45.0.0/16";
  private static final String PEER_TARGET = "10.45.7.9";

  private final Lab lab;

  Peers(Lab lab) {
    this.lab = lab;
  }

  void run() throws Exception {
    Optional<Path> program = Programs.find("tun2socks");
    try (var sink = new Child(SocksSink.class)) {
      int port = Integer.parseInt(sink.line());
      for (int round = 0; round < lab.options.rounds(); round++) {
        for (String direction : List.of("up", "down")) {
          ktd(round, direction, port);
          if (program.isPresent()) {
            tun2socks(round, direction, port, program.get());
          }
        }
      }
    }
    if (program.isEmpty()) {
      Report.line("  tun2socks is not found in KTD_PEERS or PATH: no comparison");
    }
  }

  private void ktd(int round, String direction, int port) throws Exception {
    lab.round(
        round,
        direction + " ktd by SOCKS5",
        "Gb/s",
        () ->
            Stand.ktd(
                lab.host,
                lab.loop,
                SocketDialer.socks(
                    lab.loop, new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port))),
        _ -> bulk(direction, Stand.TARGET));
  }

  private void tun2socks(int round, String direction, int port, Path program) throws Exception {
    Process process =
        new ProcessBuilder(
                program.toString(),
                "-device",
                "tun://" + PEER_DEVICE,
                "-proxy",
                "socks5://127.0.0.1:" + port,
                "-loglevel",
                "error")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      setUp(process);
      Map<String, Object> details = new LinkedHashMap<>();
      lab.measured(
          round,
          direction + " tun2socks by SOCKS5",
          "Gb/s",
          PEER_DEVICE,
          details,
          given -> {
            double before = Counters.cpuSeconds(process.pid());
            Lab.Taken taken = bulk(direction, PEER_TARGET);
            given.put(
                "peer CPU s/GB", (Counters.cpuSeconds(process.pid()) - before) / taken.gigabytes());
            return taken;
          });
    } finally {
      process.destroy();
      process.waitFor(10, TimeUnit.SECONDS);
    }
  }

  private Lab.Taken bulk(String direction, String target) throws Exception {
    return direction.equals("up")
        ? Bulk.bulk(lab, "send", target, InProcess.SINK, 1)
        : Bulk.bulk(lab, "receive", target, InProcess.SOURCE, 1);
  }

  /** Waits for the device, and gives it what ktd's has: an address, a route, a queue. */
  private static void setUp(Process process) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
    while (Counters.missing(PEER_DEVICE)) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        throw new IOException("tun2socks made no device");
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
    String lines =
        """
        link set dev %1$s mtu 1500 txqueuelen 4096
        address add 198.18.1.1/32 dev %1$s
        link set dev %1$s up
        route add %2$s dev %1$s
        """
            .formatted(PEER_DEVICE, PEER_NETWORK);
    Command.run(lines, List.of("ip", "-batch", "-"));
  }
}
