package dev.ktd.testbed;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** What programs on the laptop reach while it is connected. */
@ClusterTest
@Tag("contract")
final class ConnectedIT {
  private final TestCluster cluster;
  private final Laptop laptop;
  private final Ktd ktd;

  ConnectedIT(TestCluster cluster) {
    this.cluster = cluster;
    this.laptop = cluster.laptop();
    this.ktd = new Ktd(cluster);
  }

  @BeforeAll
  static void connect(TestCluster cluster) {
    cluster.deployApplication();
    Ktd ktd = new Ktd(cluster);
    ktd.down();
    ktd.up().expectSuccess();
  }

  @AfterAll
  static void disconnect(TestCluster cluster) {
    new Ktd(cluster).down();
  }

  private String kubectl(String... arguments) {
    return cluster.kubectl(arguments).expectSuccess().text();
  }

  private String podIp(String app) {
    return kubectl("get", "pods", "-l", "app=" + app, "-o", "jsonpath={.items[0].status.podIP}");
  }

  private String clusterDns() {
    return kubectl(
        "-n", "kube-system", "get", "service", "kube-dns", "-o", "jsonpath={.spec.clusterIP}");
  }

  private Result curl(String url) {
    return laptop.run("curl", "-sS", "--max-time", "10", url);
  }

  @Test
  void podIpAnswers() {
    assertThat(curl("http://" + podIp("web") + ":8080").expectSuccess().text())
        .startsWith("web web-");
  }

  @Test
  void clusterIpAnswers() {
    assertThat(curl("http://" + cluster.clusterIp("web")).expectSuccess().text())
        .startsWith("web web-");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "web",
        "web.default",
        "web.default.svc",
        "web.default.svc.cluster.local",
        "web.default.svc.cluster.local."
      })
  void namesOfAServiceAnswer(String name) {
    assertThat(curl("http://" + name).expectSuccess().text()).startsWith("web web-");
  }

  @Test
  void serviceInAnotherNamespaceAnswers() {
    assertThat(curl("http://api.shop").expectSuccess().text()).startsWith("api api-");
  }

  @Test
  void programsOnTheJvmReachServices() {
    assertThat(ktd.probe("http", "http://web.default").expectSuccess().text())
        .startsWith("web web-");
  }

  @ParameterizedTest
  @ValueSource(strings = {"+notcp", "+tcp"})
  void clusterDnsAnswersByUdpAndTcp(String transport) {
    Result answer =
        laptop.run(
            "dig",
            "+short",
            "+time=3",
            "+tries=1",
            transport,
            "@" + clusterDns(),
            "web.default.svc.cluster.local");
    assertThat(answer.expectSuccess().text()).isEqualTo(cluster.clusterIp("web"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"+notcp", "+tcp"})
  void ownResolverAnswersByUdpAndTcp(String transport) {
    Result answer =
        laptop.run(
            "dig", "+short", "+time=3", "+tries=1", transport, "web.default.svc.cluster.local");
    assertThat(answer.expectSuccess().text()).isEqualTo(cluster.clusterIp("web"));
  }

  @Test
  void missingClusterNameDoesNotExist() {
    Result answer = laptop.run("dig", "+time=3", "+tries=1", "nothing.default.svc.cluster.local");
    assertThat(answer.expectSuccess().output()).contains("status: NXDOMAIN");
  }

  @Test
  void redisClientWorks() {
    laptop.run("redis-cli", "-h", "redis", "set", "greeting", "hello").expectSuccess();
    assertThat(laptop.run("redis-cli", "-h", "redis.default", "get", "greeting").text())
        .isEqualTo("hello");
  }

  @Test
  void datagramsComeBack() {
    assertThat(ktd.probe("udp", "udp-echo", "7").expectSuccess().text()).isEqualTo("a datagram");
  }

  @Test
  void refusedDatagramIsToldToTheProgram() {
    Result refused = ktd.probe("udp", podIp("web"), "9");
    assertThat(refused.errors()).contains("PortUnreachableException");
  }

  @Test
  void closedPortIsRefusedAtOnce() {
    Result refused = ktd.probe("connect", podIp("web"), "9999");
    assertThat(refused.text()).contains("ConnectException: Connection refused");
    assertThat(Long.parseLong(refused.text().split(" ", 2)[0])).isLessThan(2000);
  }

  @Test
  void addressWithoutAPodIsNotReached() {
    Result unreached = ktd.probe("connect", absentPodIp(), "80");
    assertThat(unreached.text()).doesNotContain("connected").contains("Exception");
  }

  @Test
  void livingPodAnswersPing() {
    laptop.run("ping", "-c", "2", "-W", "3", podIp("web")).expectSuccess();
  }

  @Test
  void addressWithoutAPodDoesNotAnswerPing() {
    Result ping = laptop.run("ping", "-c", "1", "-W", "2", absentPodIp());
    assertThat(ping.status()).isEqualTo(1);
  }

  /** An address of the pods' network that none of them has. */
  private String absentPodIp() {
    String used = kubectl("get", "pods", "-A", "-o", "jsonpath={.items[*].status.podIP}");
    String prefix = podIp("web").replaceFirst("\\d+$", "");
    for (int last = 254; last > 1; last--) {
      if (!List.of(used.split(" ")).contains(prefix + last)) {
        return prefix + last;
      }
    }
    throw new AssertionError("no address is free beside " + used);
  }

  @Test
  void halfClosedConnectionGoesOn() {
    assertThat(ktd.probe("half-close", "udp-echo", "7").expectSuccess().text())
        .isEqualTo("last words");
  }

  @Test
  void twoHundredMegabytesArriveByteForByteBothWays() {
    assertThat(ktd.probe("echo", "udp-echo", "7", "200000000").expectSuccess().text())
        .startsWith("200000000 bytes equal");
  }

  @Test
  void fiveHundredConnectionsOpenAtOnce() {
    assertThat(ktd.probe("at-once", "udp-echo", "7", "500").expectSuccess().text())
        .isEqualTo("500 of 500 connections work");
  }

  @Test
  void thousandConnectionsInTurnLeaveNothingBehind() {
    ktd.probe("in-turn", "udp-echo", "7", "20").expectSuccess();
    ktd.awaitNoFlows();
    long before = descriptors();
    ktd.probe("in-turn", "udp-echo", "7", "1000").expectSuccess();
    ktd.awaitNoFlows();
    assertThat(descriptors()).isLessThanOrEqualTo(before + 2);
  }

  private long descriptors() {
    long daemon = ktd.daemons().getFirst();
    Result list = laptop.run("ls", "/proc/" + daemon + "/fd");
    return list.expectSuccess().output().lines().count();
  }

  @ParameterizedTest
  @ValueSource(strings = {"up", "down"})
  void iperfRunsForThirtySeconds(String direction) {
    String[] reverse = direction.equals("down") ? new String[] {"-R"} : new String[0];
    String[] command = {"iperf3", "-c", "iperf3", "-t", "30", "-f", "m"};
    String[] whole = java.util.Arrays.copyOf(command, command.length + reverse.length);
    System.arraycopy(reverse, 0, whole, command.length, reverse.length);
    Result run = laptop.run(Duration.ofSeconds(60), whole);
    assertThat(run.expectSuccess().output()).contains("receiver");
    System.out.println(
        "iperf3 "
            + direction
            + ": "
            + run.output().lines().filter(line -> line.contains("receiver")).toList());
  }

  @Test
  void otherNamesAreUntouched() {
    if (cluster.provider().equals("node")) {
      assertThat(laptop.run("getent", "hosts", "printer.lan.test").expectSuccess().text())
          .startsWith("10.99.0.1");
      assertThat(laptop.run("getent", "hosts", "printer").expectSuccess().text())
          .startsWith("10.99.0.1");
      assertThat(laptop.run("getent", "ahosts", "www.example.test").expectSuccess().text())
          .contains("10.99.0.1");
    }
    assertThat(laptop.run("getent", "hosts", "no-such-name.example.test").status()).isEqualTo(2);
  }

  @Test
  void statusTellsWhatIsConnected() {
    JsonNode status = ktd.status();
    assertThat(status.get("state").asString()).isEqualTo("CONNECTED");
    assertThat(status.get("namespace").asString()).isEqualTo("default");
    assertThat(status.get("device").asString()).isEqualTo("ktd0");
    assertThat(status.get("dns").get("verified").asBoolean()).isTrue();
    assertThat(status.get("networks").findValuesAsString("kind")).contains("services", "pods");
    assertThat(status.get("carriers").get(0).get("state").asString()).isEqualTo("UP");
    Result text = ktd.run("status").expectSuccess();
    assertThat(text.output()).contains("CONNECTED", "ktd0");
  }

  @Test
  void secondUpForTheSameSaysSo() {
    Result second = ktd.up().expectSuccess();
    assertThat(second.output() + second.errors()).contains("Already connected");
  }

  @Test
  void secondUpWithOtherFlagsSaysWhichDiffer() {
    Result other = ktd.up("--exclude", "10.42.128.0/17");
    assertThat(other.status()).as("%s", other).isEqualTo(7);
    assertThat(other.errors())
        .contains("--exclude is not given, not 10.42.128.0/17")
        .contains("ktd down && ktd up --namespace default --exclude 10.42.128.0/17");
  }

  @Test
  void upForAnotherNamespaceIsAConflict() {
    Result other = ktd.run("up", "--namespace", "kube-system");
    assertThat(other.status()).as("%s", other).isEqualTo(7);
    assertThat(other.errors()).contains("already connected").contains("ktd down");
  }

  @Test
  void proxyPodIsRestricted() {
    String pods =
        kubectl(
            "get",
            "pods",
            "-l",
            "app.kubernetes.io/name=ktd",
            "-o",
            "jsonpath={.items[*].spec.containers[*].securityContext}");
    assertThat(pods)
        .contains("\"allowPrivilegeEscalation\":false", "\"readOnlyRootFilesystem\":true", "ALL");
  }
}
