package dev.ktd.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.dns.ClusterResolver;
import dev.ktd.dns.DnsPlan;
import dev.ktd.dns.DnsServer;
import dev.ktd.dns.HostServers;
import dev.ktd.os.CommandRunner;
import dev.ktd.os.fake.FakeHost;
import dev.ktd.relay.DialFailure;
import dev.ktd.relay.NoUpstream;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.net.InetAddress;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A host in memory, our resolver without a tunnel. */
class NameKeeperTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final InetAddress OURS = InetAddress.ofLiteral("198.18.0.53");

  private final FakeHost host = new FakeHost();
  private final StatusBoard board = new StatusBoard("ana");
  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private NameKeeper keeper;

  @BeforeEach
  void start() {
    host.programs(command -> new CommandRunner.Result(2, "", ""));
    EventLoop loop = group.next();
    var cluster =
        new ClusterResolver(
            (destination, downstream) -> {
              downstream.failed(DialFailure.NO_TUNNEL);
              return new NoUpstream();
            },
            loop,
            System::nanoTime);
    var hostServers = new HostServers(loop, Set.of(OURS));
    DnsPlan plan = plan(Set.of("default"));
    var server = new DnsServer(plan.rules(), cluster, hostServers, loop);
    var setup = new NameSetup(host, cluster, hostServers, server);
    setup.apply(plan);
    board.dns("resolv.conf", plan);
    board.dnsVerified(true);
    board.connected();
    var before =
        new HostNames.Before(HostNames.around(host, URI.create("https://10.99.0.1")), Map.of());
    keeper =
        new NameKeeper(
            host.resolver(),
            setup,
            (current, namespaces) -> plan(namespaces),
            new NameKeeper.Start(Set.of("default"), plan, before),
            board);
    keeper.start();
  }

  @AfterEach
  void end() throws InterruptedException {
    keeper.close();
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).await(10, TimeUnit.SECONDS);
  }

  private static DnsPlan plan(Set<String> namespaces) {
    return DnsPlan.compile(
        new DnsPlan.Facts("ktd0", OURS, "default", namespaces, List.of(), List.of(), List.of()),
        new FakeHost().resolver().current());
  }

  private static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(deadline);
      Thread.onSpinWait();
    }
  }

  private long applied() {
    return host.log().stream().filter(line -> line.startsWith("resolver 198.18.0.53")).count();
  }

  @Test
  void whatAnotherProgramOverwroteIsSetAgain() {
    host.overwriteResolver();
    assertThat(host.state()).isEmpty();
    await("set again", () -> applied() == 2);
    assertThat(host.state())
        .containsExactly(
            "resolver 198.18.0.53 search default.svc.cluster.local svc.cluster.local"
                + " cluster.local");
  }

  @Test
  void newNamespacesAreSet() {
    keeper.namespaces(Set.of("default", "shop"));
    await("set", () -> applied() == 2);
    keeper.namespaces(Set.of("default", "staging"));
    await("set", () -> keeper.plan().wanted().suffixes().contains("staging"));
    keeper.namespaces(Set.of("default", "staging"));
    assertThat(applied()).isEqualTo(3);
  }

  /** There is no tunnel, so the check fails; the status must not go on saying that it held. */
  @Test
  void namesThatDoNotWorkAfterAChangeOfTheNetworkAreTold() {
    keeper.disturbed();
    await(
        "told",
        () -> {
          var dns = board.report().dns();
          return dns != null && !dns.verified();
        });
  }

  @Test
  void nothingIsSetWithoutNeed() {
    keeper.namespaces(Set.of("default"));
    keeper.disturbed();
    await("checked", () -> host.log().stream().anyMatch(line -> line.startsWith("run getent")));
    assertThat(applied()).isEqualTo(1);
  }
}
