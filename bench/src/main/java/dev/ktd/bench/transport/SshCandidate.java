package dev.ktd.bench.transport;

import dev.ktd.bench.transport.SshServer.Forward;
import dev.ktd.testbed.Running;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** {@code ssh -L} or {@code ssh -D} over {@code kubectl port-forward}. */
final class SshCandidate implements Candidate {
  private static final int LOCAL_PORTS = 15_200;
  static final int SOCKS_PORT = 15_300;
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);

  private final Bed bed;
  private final Forward forward;
  private final Running ssh;
  private final boolean dynamic;

  private SshCandidate(Bed bed, Forward forward, Running ssh, boolean dynamic) {
    this.bed = bed;
    this.forward = forward;
    this.ssh = ssh;
    this.dynamic = dynamic;
  }

  static SshCandidate listening(Bed bed, SshServer server, Path kubeconfig)
      throws IOException, InterruptedException {
    Forward forward = server.forward(kubeconfig);
    List<String> command = server.command(forward.port());
    for (Target target : Target.values()) {
      command.add("-L");
      command.add("127.0.0.1:%d:%s:%d".formatted(local(target), bed.address(target), target.port));
    }
    return new SshCandidate(bed, forward, start(bed, command, local(Target.WEB)), false);
  }

  static SshCandidate socks(Bed bed, SshServer server, Path kubeconfig, int port)
      throws IOException, InterruptedException {
    Forward forward = server.forward(kubeconfig);
    List<String> command = server.command(forward.port());
    command.addAll(List.of("-D", "127.0.0.1:" + port));
    return new SshCandidate(bed, forward, start(bed, command, port), true);
  }

  private static int local(Target target) {
    return LOCAL_PORTS + target.port % 100;
  }

  private static Running start(Bed bed, List<String> command, int port)
      throws IOException, InterruptedException {
    command.addAll(List.of("-N", "ktd@127.0.0.1"));
    Running ssh = bed.start(command);
    var address = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (true) {
      try (var probe = new Socket()) {
        probe.connect(address);
        return ssh;
      } catch (IOException e) {
        if (!ssh.isAlive() || System.nanoTime() > deadline) {
          ssh.close();
          throw new IOException("ssh does not listen: " + ssh.errors(), e);
        }
        TimeUnit.MILLISECONDS.sleep(2);
      }
    }
  }

  @Override
  public Endpoint to(Target target) {
    return dynamic
        ? new Endpoint(bed.address(target), target.port, SOCKS_PORT)
        : Endpoint.direct("127.0.0.1", local(target));
  }

  @Override
  public Map<String, Long> processes() {
    return Map.of("ssh", ssh.pid(), "kubectl", forward.kubectl().pid());
  }

  @Override
  public boolean isAlive() {
    return ssh.isAlive() && forward.kubectl().isAlive();
  }

  @Override
  public void close() {
    ssh.close();
    forward.kubectl().close();
  }
}
