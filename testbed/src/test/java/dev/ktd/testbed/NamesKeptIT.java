package dev.ktd.testbed;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Names stay right while a session lasts, whatever becomes of the machine and the cluster. */
@ClusterTest
final class NamesKeptIT {
  private static final Duration SOON = Duration.ofSeconds(15);

  private final TestCluster cluster;

  NamesKeptIT(TestCluster cluster) {
    this.cluster = cluster;
  }

  @BeforeAll
  static void deploy(TestCluster cluster) {
    Assumptions.assumeTrue(
        cluster.provider().equals("node"), "desks are in the network of the embedded node");
    cluster.deployApplication();
  }

  @AfterEach
  void removeNamespace() {
    cluster.kubectl("delete", "namespace", "later", "--ignore-not-found").expectSuccess();
  }

  private static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + SOON.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(deadline);
    }
  }

  private static JsonNode trace(Ktd ktd, String name) {
    return new ObjectMapper().readTree(ktd.run("dns", "trace", name, "-o", "json").output());
  }

  @Test
  void aRewrittenFileIsTakenUpAndComesBackAtTheEnd() {
    String rewritten = "nameserver 10.99.1.1\nsearch example.test\noptions timeout:1\n";
    try (Desk desk = Desk.up(cluster, "plain")) {
      Ktd ktd = new Ktd(desk.laptop());
      ktd.up().expectSuccess();
      desk.laptop().shell("printf '" + rewritten + "' > /etc/resolv.conf").expectSuccess();
      await("cluster names again", () -> desk.laptop().run("getent", "hosts", "web").succeeded());
      assertThat(desk.laptop().run("cat", "/etc/resolv.conf").output())
          .contains(
              "nameserver 198.18.0.53\n",
              " cluster.local example.test\n",
              "nameserver 10.99.1.1\n",
              "options timeout:1\n");
      assertThat(desk.laptop().run("getent", "hosts", "public").expectSuccess().text())
          .startsWith("10.99.0.1");
      ktd.run("down").expectSuccess();
      assertThat(desk.laptop().run("cat", "/etc/resolv.conf").output()).isEqualTo(rewritten);
    }
  }

  @Test
  void systemdResolvedMayRestartAndNamespacesMayCome() {
    try (Desk desk = Desk.up(cluster, "resolved")) {
      Ktd ktd = new Ktd(desk.laptop());
      ktd.up().expectSuccess();
      desk.laptop().run("systemctl", "restart", "systemd-resolved").expectSuccess();
      await(
          "cluster names again",
          () -> desk.laptop().run("getent", "hosts", "web.default").succeeded());
      cluster.kubectl("create", "namespace", "later").expectSuccess();
      cluster
          .kubectl(
              "-n",
              "later",
              "create",
              "service",
              "externalname",
              "there",
              "--external-name",
              "www.example.test")
          .expectSuccess();
      await(
          "names of the new namespace",
          () -> desk.laptop().run("getent", "hosts", "there.later").succeeded());
    }
  }

  @Test
  void withoutATunnelClusterNamesFailSoonAndOthersWork() {
    try (Desk desk = Desk.up(cluster, "resolved")) {
      Ktd ktd = new Ktd(desk.laptop());
      ktd.up().expectSuccess();
      desk.cut();
      try {
        await("the cut", () -> ktd.status().get("state").asString().equals("RECONNECTING"));
        JsonNode look = trace(ktd, "never-asked.default.svc.cluster.local").get("looks").get(0);
        assertThat(look.get("rcode").asString()).isEqualTo("SERVFAIL");
        assertThat(look.get("millis").asDouble()).isLessThan(1000);
        Result other = desk.laptop().run("getent", "hosts", "public.example.test");
        assertThat(other.expectSuccess().elapsed()).isLessThan(Duration.ofSeconds(1));
      } finally {
        desk.mend();
      }
      await("the tunnel", () -> ktd.status().get("state").asString().equals("CONNECTED"));
      await("its names", () -> desk.laptop().run("getent", "hosts", "web.default").succeeded());
      ktd.run("down").expectSuccess();
    }
  }

  @Test
  void aTraceTellsWhoAnswers() {
    try (Desk desk = Desk.up(cluster, "resolved")) {
      Ktd ktd = new Ktd(desk.laptop());
      assertThat(ktd.run("dns", "trace", "web").status()).isEqualTo(6);
      ktd.up().expectSuccess();
      JsonNode trace = trace(ktd, "web");
      String address = cluster.clusterIp("web");
      assertThat(trace.get("programs").findValuesAsString("by"))
          .containsExactly("libc (getent)", "systemd-resolved");
      trace
          .get("programs")
          .forEach(
              program -> assertThat(program.get("answers").get(0).asString()).isEqualTo(address));
      JsonNode look = trace.get("looks").get(0);
      assertThat(look.get("name").asString()).isEqualTo("web.default.svc.cluster.local");
      assertThat(look.get("rule").asString()).isEqualTo("*.cluster.local");
      assertThat(look.get("records").get(0).asString()).isEqualTo("A " + address);
      Result text = ktd.run("dns", "trace", "web.default").expectSuccess();
      assertThat(text.output()).contains(address, "systemd-resolved", "link: ktd0");
      Result reverse = ktd.run("dns", "trace", address).expectSuccess();
      assertThat(reverse.output()).contains("PTR web.default.svc.cluster.local.");
      assertThat(ktd.run("dns", "trace", "nothing.default").status()).isEqualTo(5);
    }
  }
}
