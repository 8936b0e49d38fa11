package dev.ktd.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** A whole machine with systemd beside the embedded node, of {@code testbed/desk}. */
final class Desk implements AutoCloseable {
  /** The first one of a kind fetches Debian packages. */
  private static final Duration LIMIT = Duration.ofMinutes(15);

  /** Questions that the desk's own name server was asked. */
  private static final Path ASKED = Path.of("/run/ktd-testbed/desk/dns.log");

  /** Questions that the cluster's DNS server passed on to the place where the cluster is. */
  private static final Path ASKED_BY_CLUSTER = Path.of("/run/ktd-testbed/dns.log");

  private static final Pattern QUESTION = Pattern.compile("\"(\\S+) IN (\\S+)\\. (?:udp|tcp) ");

  private final Laptop machine = new Laptop(List.of(), Map.of());
  private final String script;
  private final Laptop laptop;

  private Desk(TestCluster cluster) {
    this.script = cluster.sourceRoot().resolve("testbed/desk").toString();
    this.laptop = new Laptop(List.of(script, "enter"), Map.of());
  }

  /** Boots one whose names are arranged like that. */
  static Desk up(TestCluster cluster, String arrangement) {
    Desk desk = new Desk(cluster);
    desk.machine.run(LIMIT, desk.script, "up", arrangement).expectSuccess();
    return desk;
  }

  /** The place on it where commands run, as root. */
  Laptop laptop() {
    return laptop;
  }

  /** Resets its connections to the API server, and refuses new ones, until {@link #mend}. */
  void cut() {
    firewall("-I");
  }

  void mend() {
    firewall("-D");
  }

  private void firewall(String verb) {
    machine
        .run(
            LIMIT,
            ("ip netns exec ktd-node iptables " + verb + " INPUT -s 10.99.1.2 -p tcp --dport 6443")
                .concat(" -j REJECT --reject-with tcp-reset")
                .split(" "))
        .expectSuccess();
  }

  /** Names that its own name server was asked for since it is up. */
  List<String> asked() {
    return questions(ASKED);
  }

  /** What the cluster was asked and passed on; to be compared with a later one. */
  static List<String> askedByCluster() {
    return questions(ASKED_BY_CLUSTER);
  }

  private static List<String> questions(Path log) {
    try {
      return QUESTION
          .matcher(Files.readString(log))
          .results()
          .map(found -> found.group(2))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Also ends a session, or its pod would stay for the time of {@code --resume}. */
  @Override
  public void close() {
    laptop.run("/opt/ktd/bin/ktd", "down");
    machine.run(LIMIT, script, "down").expectSuccess();
  }
}
