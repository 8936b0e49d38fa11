package dev.ktd.bench.transport;

import dev.ktd.bench.transport.SshServer.Forward;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;

/** {@code kubectl port-forward} of each service, with nothing above it. */
final class ForwardCandidate implements Candidate {
  private final Map<Target, Forward> forwards = new EnumMap<>(Target.class);

  ForwardCandidate(Bed bed, Path kubeconfig) {
    for (Target target : Target.values()) {
      forwards.put(target, Forward.open(bed, kubeconfig, "service/" + target.service, target.port));
    }
  }

  @Override
  public Endpoint to(Target target) {
    Forward forward = forwards.get(target);
    if (forward == null) {
      throw new IllegalStateException("not forwarded: " + target);
    }
    return Endpoint.direct("127.0.0.1", forward.port());
  }

  @Override
  public Map<String, Long> processes() {
    Map<String, Long> found = new HashMap<>();
    forwards.forEach(
        (target, forward) -> found.put("kubectl " + target.service, forward.kubectl().pid()));
    return found;
  }

  @Override
  public boolean isAlive() {
    return forwards.values().stream().allMatch(forward -> forward.kubectl().isAlive());
  }

  @Override
  public void close() {
    forwards.values().forEach(forward -> forward.kubectl().close());
  }
}
