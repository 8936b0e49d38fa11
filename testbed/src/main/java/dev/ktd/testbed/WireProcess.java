package dev.ktd.testbed;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
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

  private final Process process;
  private final BufferedReader answers;
  private final int port;

  private WireProcess(Process process) {
    this.process = process;
    this.answers = process.inputReader(StandardCharsets.US_ASCII);
    this.port = Integer.parseInt(answer());
  }

  /** Starts one on the laptop's loopback, on any port. */
  public static WireProcess start(Laptop laptop, InetSocketAddress target) {
    try {
      Path classes =
          Path.of(WireRelay.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      return new WireProcess(
          laptop
              .builder(
                  Path.of(System.getProperty("java.home"), "bin/java").toString(),
                  "-XX:+UseSerialGC",
                  "-Xmx32m",
                  "-XX:MaxDirectMemorySize=2g",
                  "-cp",
                  classes.toString(),
                  WireRelay.class.getName(),
                  LOOPBACK,
                  "0",
                  target.getAddress().getHostAddress(),
                  Integer.toString(target.getPort()))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start a wire relay", e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException("the relay's classes are in no folder", e);
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
    process.destroy();
    process.onExit().join();
  }

  private synchronized WireRelay.Counts order(String line) {
    try {
      var out = process.outputWriter(StandardCharsets.US_ASCII);
      out.write(line + "\n");
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("the wire relay has ended", e);
    }
    Matcher counts = COUNTS.matcher(answer());
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

  private String answer() {
    try {
      String line = answers.readLine();
      if (line == null) {
        throw new IllegalStateException("the wire relay has ended");
      }
      return line;
    } catch (IOException e) {
      throw new UncheckedIOException("the wire relay has ended", e);
    }
  }
}
