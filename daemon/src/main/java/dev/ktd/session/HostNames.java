package dev.ktd.session;

import dev.ktd.error.KtdException;
import dev.ktd.os.CommandRunner;
import dev.ktd.os.Host;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Names that are the host's own business: whether they work, as a program sees it (getent(1), in
 * processes of their own). Asked before and after our change. Blocks: virtual threads only.
 */
final class HostNames {
  private static final Logger LOG = LoggerFactory.getLogger(HostNames.class);

  /** Longer, and the name is as good as not found; the first look-up is waited for by a person. */
  private static final Duration LIMIT = Duration.ofSeconds(3);

  /** Reserved and served by IANA (RFC 2606), for who has no name of their own to ask for. */
  private static final String PUBLIC = "example.com";

  /** A look-up; {@code name} is how messages call it. */
  private record Probe(String name, List<String> command) {}

  /** The host's names, and which of them worked before our change. */
  record Before(HostNames names, Map<String, Boolean> working) {}

  private final CommandRunner commands;
  private final List<Probe> probes;

  private HostNames(CommandRunner commands, List<Probe> probes) {
    this.commands = commands;
    this.probes = probes;
  }

  /**
   * The API server's name (or a public one, where the kubeconfig has an address), the host's own,
   * and the name of the API server's address.
   */
  static HostNames around(Host host, URI server) {
    List<Probe> probes = new ArrayList<>();
    String there = Objects.requireNonNullElse(server.getHost(), "");
    String bare = there.replaceAll("^\\[|\\]$", "");
    boolean literal = isAddress(bare);
    probes.add(forward(literal ? PUBLIC : bare));
    try {
      probes.add(forward(Files.readString(Path.of("/proc/sys/kernel/hostname")).strip()));
    } catch (IOException e) {
      LOG.debug("this host has no name: {}", e.getMessage());
    }
    try {
      String address = InetAddress.getByName(bare).getHostAddress();
      probes.add(new Probe("the name of " + address, List.of("getent", "hosts", address)));
    } catch (UnknownHostException e) {
      LOG.debug("{} has no address here", bare);
    }
    return new HostNames(host.commands(), probes);
  }

  private static Probe forward(String name) {
    return new Probe(name, List.of("getent", "ahosts", name));
  }

  private static boolean isAddress(String host) {
    try {
      return InetAddress.ofLiteral(host).getAddress().length > 0;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** Which of them work without us. */
  Before before() throws InterruptedException {
    return new Before(this, ask(1));
  }

  /** Which of them work now; what fails is asked once more. */
  Map<String, Boolean> working() throws InterruptedException {
    return ask(2);
  }

  /** All at once. */
  private Map<String, Boolean> ask(int tries) throws InterruptedException {
    Map<String, Ahead<Boolean>> asked = new LinkedHashMap<>();
    for (Probe probe : probes) {
      asked.put(
          probe.name(),
          Ahead.start(probe.name(), () -> IntStream.range(0, tries).anyMatch(_ -> works(probe))));
    }
    Map<String, Boolean> working = new LinkedHashMap<>();
    for (Map.Entry<String, Ahead<Boolean>> each : asked.entrySet()) {
      working.put(each.getKey(), each.getValue().await());
    }
    return working;
  }

  private boolean works(Probe probe) {
    try {
      return commands.run(probe.command(), "", LIMIT).exitStatus() == 0;
    } catch (KtdException e) {
      LOG.debug("{} was not found: {}", probe.name(), e.getMessage());
      return false;
    }
  }
}
