package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Child;
import dev.ktd.bench.figures.Options;
import dev.ktd.bench.figures.Results;
import dev.ktd.testbed.Laptop;
import dev.ktd.testbed.Result;
import dev.ktd.testbed.Running;
import dev.ktd.testbed.WireProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What all parts share: the cluster seen from the laptop, the sample application's addresses, the
 * client program, and what must be undone. The environment says where things are: {@code
 * KUBECONFIG}, {@code KUBECTL}, {@code KTD}.
 */
final class Bed implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  final Options options;
  final Results results = new Results();
  final Path kubeconfig;
  final String ktd;
  final Path folder;
  final Child client;

  /** All end when this process does, however it does. */
  private final Laptop laptop =
      new Laptop(List.of("setpriv", "--pdeathsig", "KILL", "--"), Map.of());

  private final String kubectl;
  private final Map<Target, String> addresses = new EnumMap<>(Target.class);
  private final Deque<AutoCloseable> undo = new ArrayDeque<>();

  Bed(Options options) throws IOException {
    this.options = options;
    this.kubeconfig = Path.of(required("KUBECONFIG"));
    this.kubectl = required("KUBECTL");
    this.ktd = required("KTD");
    // Copies of the kubeconfig, which has a token, and SSH keys are in it.
    this.folder =
        Files.createTempDirectory(
            "ktd-bench-",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    this.client = new Child(Client.class);
  }

  /** Once they are there. */
  void findServices(Target... targets) {
    for (Target target : targets) {
      addresses.put(
          target,
          kubectl("get", "service", target.service, "-o", "jsonpath={.spec.clusterIP}").text());
    }
  }

  private static String required(String name) {
    @Nullable String value = System.getenv(name);
    if (value == null || value.isEmpty()) {
      throw new IllegalStateException(name + " is not set; run it by `make bench`");
    }
    return value;
  }

  /** The service's address in the cluster. */
  String address(Target target) {
    String address = addresses.get(target);
    if (address == null) {
      throw new IllegalStateException("no service " + target.service);
    }
    return address;
  }

  /** Runs kubectl in namespace default, by the way without any relay. */
  Result kubectl(String... arguments) {
    return run(Stream.concat(Stream.of(kubectl, "--namespace=default"), Stream.of(arguments)));
  }

  Result run(String... command) {
    return run(Stream.of(command));
  }

  private Result run(Stream<String> command) {
    return laptop.run(LIMIT, command.toArray(String[]::new)).expectSuccess();
  }

  /** The same without judging how it ends. */
  Result attempt(Duration limit, String... command) {
    return laptop.run(limit, command);
  }

  /** A wire to the API server, which the caller makes long, cuts and closes. */
  WireProcess wire() {
    return WireProcess.start(laptop, WireProcess.server(kubeconfig));
  }

  /** A kubeconfig that leads over the wire. */
  Path over(WireProcess wire) {
    Path copy = folder.resolve("kubeconfig-" + wire.address().getPort());
    return wire.kubeconfig(laptop, kubectl, kubeconfig, copy);
  }

  Running start(List<String> command) {
    return laptop.start(command.toArray(String[]::new));
  }

  /** {@code kubectl} by the given way, as the start of a command. */
  List<String> kubectlBy(Path kubeconfig) {
    return new ArrayList<>(List.of(kubectl, "--kubeconfig=" + kubeconfig, "--namespace=default"));
  }

  /** The same service under one more address, for those who take over whole addresses. */
  String exposeAgain(Target target, String who) {
    String name = "ktd-bench-" + who + "-" + target.service;
    kubectl("delete", "service", name, "--ignore-not-found");
    undoLater(() -> kubectl("delete", "service", name, "--ignore-not-found"));
    kubectl(
        "expose",
        "service",
        target.service,
        "--name=" + name,
        "--protocol=TCP",
        "--port=" + target.port,
        "--target-port=" + target.podPort,
        "--labels=" + SshServer.LABEL);
    return kubectl("get", "service", name, "-o", "jsonpath={.spec.clusterIP}").text();
  }

  /** How {@code iperf3} gets to {@link SshCandidate#SOCKS_PORT}: its connect(2) is replaced. */
  Path proxyChains() throws IOException {
    Path file = folder.resolve("proxychains.conf");
    String text = "strict_chain\n[ProxyList]\nsocks5 127.0.0.1 " + SshCandidate.SOCKS_PORT + "\n";
    return Files.exists(file) ? file : Files.writeString(file, text);
  }

  /** Undone by {@link #close}, last first. */
  void undoLater(AutoCloseable step) {
    synchronized (undo) {
      undo.push(step);
    }
  }

  /** Also called while the process ends by a signal; a second call does nothing. */
  @Override
  public void close() {
    while (true) {
      AutoCloseable step;
      synchronized (undo) {
        if (undo.isEmpty()) {
          break;
        }
        step = undo.pop();
      }
      try {
        step.close();
      } catch (Exception | AssertionError e) {
        System.err.println("bench: could not undo a step: " + e);
      }
    }
    client.close();
    deleteFolder();
  }

  private void deleteFolder() {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | java.io.UncheckedIOException e) {
      System.err.println("bench: could not delete " + folder + ": " + e);
    }
  }
}
