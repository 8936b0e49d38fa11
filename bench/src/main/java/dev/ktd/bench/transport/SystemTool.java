package dev.ktd.bench.transport;

import dev.ktd.testbed.Result;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A tool with daemons of its own that takes over the cluster's networks, as ktd does: neither can
 * stand beside the other. Each puts a part of its own into the cluster, whose image must be there.
 */
final class SystemTool implements Candidate.Starter {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  private final Bed bed;
  private final Path program;
  private final List<String> install;
  private final List<String> uninstall;
  private final List<String> connect;
  private final List<String> quit;
  private boolean installed;

  private SystemTool(
      Bed bed,
      Path program,
      List<String> install,
      List<String> uninstall,
      List<String> connect,
      List<String> quit) {
    this.bed = bed;
    this.program = program;
    this.install = install;
    this.uninstall = uninstall;
    this.connect = connect;
    this.quit = quit;
  }

  /** Version 2.20 does not find the network of services of Kubernetes 1.34: it is told. */
  static SystemTool telepresence(Bed bed, Path program) {
    String services =
        String.join(",", Stream.of(Target.values()).map(it -> bed.address(it) + "/32").toList());
    return new SystemTool(
        bed,
        program,
        List.of("helm", "install"),
        List.of("helm", "uninstall"),
        List.of("connect", "--namespace=default", "--also-proxy=" + services),
        List.of("quit", "--stop-daemons"));
  }

  /** Its connect puts its part into the cluster by itself. */
  static SystemTool kubevpn(Bed bed, Path program) {
    return new SystemTool(
        bed,
        program,
        List.of(),
        List.of("uninstall"),
        List.of("connect", "--namespace=default"),
        List.of("quit"));
  }

  @Override
  public Candidate start(Path kubeconfig) throws IOException {
    if (!installed) {
      installed = true;
      bed.undoLater(() -> run(uninstall, bed.kubeconfig));
      if (!install.isEmpty()) {
        demand(install, bed.kubeconfig);
      }
    }
    try {
      demand(connect, kubeconfig);
      return new Connected(kubeconfig, daemons());
    } catch (IOException e) {
      run(quit, kubeconfig);
      throw e;
    }
  }

  private void demand(List<String> words, Path kubeconfig) throws IOException {
    Result ended = run(words, kubeconfig);
    if (!ended.succeeded()) {
      throw new IOException((ended.output() + ended.errors()).strip());
    }
  }

  private Result run(List<String> words, Path kubeconfig) {
    Stream<String> command =
        Stream.concat(
            Stream.of("env", "KUBECONFIG=" + kubeconfig, program.toString()), words.stream());
    return bed.attempt(LIMIT, command.toArray(String[]::new));
  }

  private Map<String, Long> daemons() throws IOException {
    String executable = program.toRealPath().toString();
    Map<String, Long> found = new TreeMap<>();
    ProcessHandle.allProcesses()
        .filter(process -> process.info().command().filter(executable::equals).isPresent())
        .forEach(process -> found.put(program.getFileName() + " " + process.pid(), process.pid()));
    if (found.isEmpty()) {
      throw new IOException("says it is connected, and no process of " + executable + " is there");
    }
    return found;
  }

  /** While it is connected. */
  private final class Connected implements Candidate {
    private final Path kubeconfig;
    private final Map<String, Long> daemons;

    Connected(Path kubeconfig, Map<String, Long> daemons) {
      this.kubeconfig = kubeconfig;
      this.daemons = daemons;
    }

    @Override
    public Endpoint to(Target target) {
      return Endpoint.direct(bed.address(target), target.port);
    }

    @Override
    public Map<String, Long> processes() {
      return daemons;
    }

    @Override
    public boolean isAlive() {
      return daemons.values().stream()
          .allMatch(pid -> ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent());
    }

    @Override
    public void close() {
      run(quit, kubeconfig);
    }
  }
}
