package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Counters;
import dev.ktd.testbed.Running;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** {@code tun2socks} above {@code ssh -D}: what {@code ktctl connect} of kt-connect is made of. */
final class Tun2socks implements Candidate {
  private static final String DEVICE = "benchtun";
  private static final int SOCKS_PORT = 15_301;
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(15);

  private final SshCandidate ssh;
  private final Running program;
  private final Map<Target, String> addresses;

  private Tun2socks(SshCandidate ssh, Running program, Map<Target, String> addresses) {
    this.ssh = ssh;
    this.program = program;
    this.addresses = addresses;
  }

  static Tun2socks start(Bed bed, SshServer server, Path program, Path kubeconfig)
      throws IOException, InterruptedException {
    SshCandidate ssh = SshCandidate.socks(bed, server, kubeconfig, SOCKS_PORT);
    Running running =
        bed.start(
            List.of(
                program.toString(),
                "--device",
                "tun://" + DEVICE,
                "--proxy",
                "socks5://127.0.0.1:" + SOCKS_PORT,
                "--loglevel",
                "error"));
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (Counters.missing(DEVICE)) {
      if (!running.isAlive() || System.nanoTime() > deadline) {
        running.close();
        ssh.close();
        throw new IOException("tun2socks made no device: " + running.errors());
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
    bed.run("ip", "link", "set", "dev", DEVICE, "mtu", "1500", "txqueuelen", "4096", "up");
    bed.run("ip", "address", "add", "198.18.1.1/32", "dev", DEVICE);
    Map<Target, String> addresses = new EnumMap<>(Target.class);
    for (Target target : Target.values()) {
      String address = bed.exposeAgain(target, "tun2socks");
      addresses.put(target, address);
      bed.run("ip", "route", "add", address + "/32", "dev", DEVICE);
    }
    return new Tun2socks(ssh, running, addresses);
  }

  @Override
  public Endpoint to(Target target) {
    return Endpoint.direct(addresses.getOrDefault(target, ""), target.port);
  }

  @Override
  public Map<String, Long> processes() {
    Map<String, Long> found = new HashMap<>(ssh.processes());
    found.put("tun2socks", program.pid());
    return found;
  }

  @Override
  public boolean isAlive() {
    return program.isAlive() && ssh.isAlive();
  }

  @Override
  public void close() {
    program.close();
    ssh.close();
  }
}
