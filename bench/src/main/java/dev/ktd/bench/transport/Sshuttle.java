package dev.ktd.bench.transport;

import dev.ktd.bench.transport.SshServer.Forward;
import dev.ktd.testbed.Running;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** {@code sshuttle} (method nat) over {@code kubectl port-forward}, for a few addresses. */
final class Sshuttle implements Candidate {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Forward forward;
  private final Running program;
  private final Map<Target, String> addresses;

  private Sshuttle(Forward forward, Running program, Map<Target, String> addresses) {
    this.forward = forward;
    this.program = program;
    this.addresses = addresses;
  }

  static Sshuttle start(Bed bed, SshServer server, Path program, Path kubeconfig) {
    Map<Target, String> addresses = new EnumMap<>(Target.class);
    Forward forward = server.forward(kubeconfig);
    String ssh = String.join(" ", server.command(forward.port()));
    List<String> command =
        new ArrayList<>(
            List.of(program.toString(), "--method=nat", "-e", ssh, "-r", "ktd@127.0.0.1"));
    for (Target target : Target.values()) {
      String address = bed.exposeAgain(target, "sshuttle");
      addresses.put(target, address);
      command.add(address + "/32");
    }
    Running running = bed.start(command);
    running.awaitOutput(PATIENCE, text -> text.contains("Connected to server"));
    return new Sshuttle(forward, running, addresses);
  }

  @Override
  public Endpoint to(Target target) {
    return Endpoint.direct(addresses.getOrDefault(target, ""), target.port);
  }

  @Override
  public Map<String, Long> processes() {
    Map<String, Long> found = new java.util.HashMap<>();
    found.put("kubectl", forward.kubectl().pid());
    found.put("sshuttle", program.pid());
    ProcessHandle.of(program.pid()).stream()
        .flatMap(ProcessHandle::descendants)
        .forEach(child -> found.put("sshuttle " + child.pid(), child.pid()));
    return found;
  }

  @Override
  public boolean isAlive() {
    return program.isAlive() && forward.kubectl().isAlive();
  }

  @Override
  public void close() {
    program.close();
    forward.kubectl().close();
  }
}
