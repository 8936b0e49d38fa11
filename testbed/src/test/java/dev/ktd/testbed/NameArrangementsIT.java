package dev.ktd.testbed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertAll;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each way in which a Linux machine resolves names, for real, with every kind of client. */
@ClusterTest
final class NameArrangementsIT {
  /**
   * Asks all servers of resolv.conf at once, and the machine's own may be the first to say that a
   * cluster name does not exist: docs/dns.md, what does not work.
   */
  private static final String MUSL = "musl";

  /** The arrangement in which resolv.conf names no other server beside the one that splits. */
  private static final String ONE_SERVER = "systemd-resolved";

  /** A client, and how it prints "NAME ADDRESS,ADDRESS" for each name. */
  private static final Map<String, List<String>> CLIENTS = clients();

  private final TestCluster cluster;

  NameArrangementsIT(TestCluster cluster) {
    this.cluster = cluster;
  }

  private static Map<String, List<String>> clients() {
    Map<String, List<String>> clients = new LinkedHashMap<>();
    clients.put(
        "getent (glibc)",
        List.of(
            "sh",
            "-c",
            "for name; do echo $name $(getent ahostsv4 $name | cut -d' ' -f1 | sort -u | paste -sd,);"
                + " done",
            "sh"));
    clients.put(MUSL, List.of("/opt/clients/lookup-musl"));
    clients.put("Go", List.of("/opt/clients/lookup-go"));
    clients.put(
        "JVM",
        List.of(
            "/opt/ktd/runtime/bin/java", "-cp", "/opt/classes", Probe.class.getName(), "lookup"));
    clients.put("Python", List.of("python3", "/opt/clients/lookup.py"));
    clients.put("Node", List.of("node", "/opt/clients/lookup.js"));
    return clients;
  }

  @BeforeAll
  static void deploy(TestCluster cluster) {
    Assumptions.assumeTrue(
        cluster.provider().equals("node"), "desks are in the network of the embedded node");
    cluster.deployApplication();
  }

  @ParameterizedTest
  @CsvSource({
    "plain, resolv.conf",
    "resolved, systemd-resolved",
    "resolved-uplink, systemd-resolved and resolv.conf",
    "dnsmasq, resolv.conf",
    "resolvconf, resolvconf",
    "openresolv, resolvconf",
  })
  void everyClientFindsWhatAPodFindsAndAllElseIsAsBefore(String arrangement, String mode) {
    try (Desk desk = Desk.up(cluster, arrangement)) {
      Ktd ktd = new Ktd(desk.laptop());
      NamesState before = NamesState.of(desk.laptop());
      ktd.up().expectSuccess();
      List<String> askedByCluster = Desk.askedByCluster();
      assertThat(ktd.status().get("dns").get("mode").asString()).isEqualTo(mode);
      assertAll(
          Stream.of(
                  CLIENTS.entrySet().stream()
                      .filter(client -> !client.getKey().equals(MUSL) || mode.equals(ONE_SERVER))
                      .map(client -> everyName(desk, client)),
                  Stream.<Executable>of(
                      () -> serviceRecordsAreFound(desk),
                      () -> addressesHaveTheirNames(desk),
                      () -> programsReachWhatTheyFound(desk)))
              .flatMap(Function.identity()));
      assertNobodyAskedElsewhere(desk, askedByCluster);
      ktd.run("down").expectSuccess();
      assertThat(NamesState.of(desk.laptop())).isEqualTo(before);
    }
  }

  private Executable everyName(Desk desk, Map.Entry<String, List<String>> client) {
    return () -> {
      Map<String, String> expected = expected();
      List<String> command = new ArrayList<>(client.getValue());
      command.addAll(expected.keySet());
      Result result = desk.laptop().run(command.toArray(String[]::new)).expectSuccess();
      Map<String, String> found = new TreeMap<>();
      for (String line : result.output().lines().toList()) {
        String[] words = line.strip().split(" ", 2);
        found.put(words[0], words.length > 1 ? words[1] : "");
      }
      assertThat(found).as(client.getKey()).isEqualTo(expected);
    };
  }

  /** Names, and their addresses as a pod in namespace default finds them. */
  private Map<String, String> expected() {
    String web = cluster.clusterIp("web");
    String api = kubectl("-n", "shop", "get", "service", "api", "-o", "jsonpath={.spec.clusterIP}");
    String peers = kubectl(podIps("-l", "app=peers"));
    String lan = "10.99.0.1";
    Map<String, String> names = new TreeMap<>();
    names.put("web", web);
    names.put("web.default", web);
    names.put("web.default.svc", web);
    names.put("web.default.svc.cluster.local", web);
    names.put("web.default.svc.cluster.local.", web);
    names.put("api.shop.svc", api);
    names.put("peers", Arrays.stream(peers.split(" ")).sorted().collect(Collectors.joining(",")));
    names.put("peers-0.peers.default", kubectl(podIps("peers-0")));
    names.put("peers-1.peers.default.svc.cluster.local", kubectl(podIps("peers-1")));
    names.put("outside", lan);
    names.put("outside.default.svc.cluster.local", lan);
    names.put("nothing", "");
    names.put("nothing.default", "");
    names.put("nothing.default.svc.cluster.local", "");
    names.put("printer", lan);
    names.put("printer.lan.test", lan);
    names.put("public.example.test", lan);
    names.put("public.example.test.", lan);
    names.put("nothing.example.test", "");
    return names;
  }

  private static String[] podIps(String... which) {
    boolean one = which.length == 1;
    List<String> arguments = new ArrayList<>(List.of("get", "pods"));
    arguments.addAll(List.of(which));
    arguments.addAll(List.of("-o", "jsonpath={" + (one ? "" : ".items[*]") + ".status.podIP}"));
    return arguments.toArray(String[]::new);
  }

  private String kubectl(String... arguments) {
    return cluster.kubectl(arguments).expectSuccess().text();
  }

  private static void serviceRecordsAreFound(Desk desk) {
    String name = "srv:_http._tcp.web.default.svc.cluster.local";
    for (String[] client :
        new String[][] {{"/opt/clients/lookup-go"}, {"node", "/opt/clients/lookup.js"}}) {
      List<String> command = new ArrayList<>(List.of(client));
      command.add(name);
      assertThat(desk.laptop().run(command.toArray(String[]::new)).expectSuccess().text())
          .isEqualTo(name + " web.default.svc.cluster.local:80");
    }
  }

  private void addressesHaveTheirNames(Desk desk) {
    Result service = desk.laptop().run("getent", "hosts", cluster.clusterIp("web"));
    assertThat(service.expectSuccess().text()).contains("web.default.svc.cluster.local");
    Result pod = desk.laptop().run("getent", "hosts", kubectl(podIps("peers-0")));
    assertThat(pod.expectSuccess().text()).contains("peers-0.peers.default.svc.cluster.local");
  }

  private static void programsReachWhatTheyFound(Desk desk) {
    Result page = desk.laptop().run("curl", "-sS", "--max-time", "10", "http://web.default");
    assertThat(page.expectSuccess().text()).startsWith("web web-");
    desk.laptop().run("ping", "-c", "1", "-W", "5", "peers-0.peers.default").expectSuccess();
  }

  /** The machine's server saw no name of the cluster, and the cluster no name of the machine. */
  private static void assertNobodyAskedElsewhere(Desk desk, List<String> before) {
    assertThat(desk.asked())
        .contains("public.example.test")
        .noneMatch(name -> name.matches(".*(^|\\.)(cluster\\.local|svc|default|shop)"))
        .noneMatch(name -> name.matches(".*(^|\\.)(42|43)\\.10\\.in-addr\\.arpa"));
    List<String> now = Desk.askedByCluster();
    assertThat(now.subList(before.size(), now.size()))
        .contains("www.example.test") // outside
        .doesNotContain("public.example.test", "printer.lan.test");
  }
}
