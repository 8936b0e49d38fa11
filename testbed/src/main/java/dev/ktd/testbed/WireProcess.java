package dev.ktd.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A {@link WireRelay} on the laptop, between ktd and the API server. Close it to end it; it also
 * ends with this process. Safe for use by many threads.
 */
public final class WireProcess implements AutoCloseable {
  /** A name that the certificates of all clusters for tests have, whatever their address. */
  private static final String SERVER_NAME = "kubernetes.default.svc";

  private static final String LOOPBACK = "127.0.0.1";

  private static final Pattern COUNTS =
      Pattern.compile("accepted=(\\d+) open=(\\d+) silent=(\\d+) up=(\\d+) down=(\\d+)");

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Dialogue relay;
  private final int port;

  private WireProcess(Dialogue relay, int port) {
    this.relay = relay;
    this.port = port;
  }

  /** Starts one on the laptop's loopback, on any port. */
  public static WireProcess start(Laptop laptop, InetSocketAddress target) {
    Dialogue relay =
        Dialogue.start(
            laptop,
            List.of("-XX:+UseSerialGC", "-Xmx32m", "-XX:MaxDirectMemorySize=2g"),
            WireRelay.class,
            LOOPBACK,
            "0",
            target.getAddress().getHostAddress(),
            Integer.toString(target.getPort()));
    try {
      return new WireProcess(relay, Integer.parseInt(relay.line(LIMIT)));
    } catch (RuntimeException e) {
      relay.close();
      throw e;
    }
  }

  /** Where it listens, on the laptop. */
  public InetSocketAddress address() {
    return new InetSocketAddress(InetAddress.ofLiteral(LOOPBACK), port);
  }

  /** See {@link WireRelay#delay}. */
  public void delay(Duration roundTrip) {
    order("delay " + roundTrip.toMillis());
  }

  /** See {@link WireRelay#reset}. */
  public void reset() {
    order("reset");
  }

  /** See {@link WireRelay#end}. */
  public void end() {
    order("end");
  }

  /** See {@link WireRelay#silence}. */
  public void silence() {
    order("silence");
  }

  /** See {@link WireRelay#silenceAll}. */
  public void silenceAll() {
    order("silence-all");
  }

  /** See {@link WireRelay#refuse}. */
  public void refuse() {
    order("refuse");
  }

  /** See {@link WireRelay#normal}. */
  public void normal() {
    order("normal");
  }

  public WireRelay.Counts counts() {
    return order("counts");
  }

  /** Returns the API server's address, as a kubeconfig of one cluster has it. */
  public static InetSocketAddress server(Path kubeconfig) {
    try {
      Matcher found =
          Pattern.compile("server: \"?https://(\\[[^]]+]|[^:/\"\\s]+):(\\d+)")
              .matcher(Files.readString(kubeconfig));
      if (!found.find()) {
        throw new IllegalStateException("no server with a port in " + kubeconfig);
      }
      return new InetSocketAddress(found.group(1), Integer.parseInt(found.group(2)));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + kubeconfig, e);
    }
  }

  /**
   * Writes a copy of a cluster's kubeconfig that leads over this wire, by the relay's address and
   * tls-server-name.
   *
   * @return the copy, which is the caller's to delete
   */
  public Path kubeconfig(TestCluster cluster, Path copy) {
    return kubeconfig(cluster.laptop(), cluster.kubectlProgram(), cluster.kubeconfig(), copy);
  }

  /** The same by a kubectl on that laptop. */
  public Path kubeconfig(Laptop laptop, String kubectl, Path original, Path copy) {
    try {
      Files.copy(original, copy, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + copy, e);
    }
    String file = "--kubeconfig=" + copy;
    String name =
        laptop
            .run(
                kubectl,
                file,
                "config",
                "view",
                "--minify",
                "-o",
                "jsonpath={.contexts[0].context.cluster}")
            .expectSuccess()
            .text();
    laptop
        .run(
            kubectl,
            file,
            "config",
            "set-cluster",
            name,
            "--server=https://" + LOOPBACK + ":" + port,
            "--tls-server-name=" + SERVER_NAME)
        .expectSuccess();
    return copy;
  }

  @Override
  public void close() {
    relay.close();
  }

  private WireRelay.Counts order(String line) {
    Matcher counts = COUNTS.matcher(relay.ask(LIMIT, line));
    if (!counts.matches()) {
      throw new IllegalStateException("the wire relay answered " + line + " by something else");
    }
    return new WireRelay.Counts(
        Long.parseLong(counts.group(1)),
        Integer.parseInt(counts.group(2)),
        Integer.parseInt(counts.group(3)),
        Long.parseLong(counts.group(4)),
        Long.parseLong(counts.group(5)));
  }
}
