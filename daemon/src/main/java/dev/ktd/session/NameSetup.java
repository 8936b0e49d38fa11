package dev.ktd.session;

import dev.ktd.dns.ClusterResolver;
import dev.ktd.dns.DnsPlan;
import dev.ktd.dns.DnsServer;
import dev.ktd.dns.HostServers;
import dev.ktd.dns.NameCheck;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.CommandRunner;
import dev.ktd.os.Host;
import dev.ktd.os.HostResolver;
import java.net.InetAddress;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Points the host's names at our resolver and checks that they work as a program sees them. Blocks:
 * virtual threads only.
 */
final class NameSetup {
  private static final Duration LOOKUP_LIMIT = Duration.ofSeconds(10);

  private final Host host;
  private final ClusterResolver cluster;
  private final HostServers hostServers;
  private final DnsServer server;

  NameSetup(Host host, ClusterResolver cluster, HostServers hostServers, DnsServer server) {
    this.host = host;
    this.cluster = cluster;
    this.hostServers = hostServers;
    this.server = server;
  }

  /** Sets our resolver's rules, then the host's. The undo is {@link HostResolver#reset}. */
  void apply(DnsPlan plan) {
    hostServers.servers(plan.hostServers());
    server.rules(plan.rules());
    host.resolver().apply(plan.wanted());
  }

  /**
   * Asks for a cluster name as any program would (getent, in a process of its own) and compares
   * with what the cluster's DNS says.
   *
   * @throws KtdException DNS when they differ; the host's change is then to be undone
   */
  void verify(DnsPlan plan) throws InterruptedException {
    String name = NameCheck.clusterName(plan.rules().suffixes().getFirst());
    NameCheck.judge(
        new NameCheck.Observations(name, byCluster(name), byPrograms(name), Map.of(), Map.of()));
  }

  private Set<InetAddress> byCluster(String name) throws InterruptedException {
    try {
      return new LinkedHashSet<>(
          cluster.addresses(name).get(LOOKUP_LIMIT.toMillis(), TimeUnit.MILLISECONDS));
    } catch (ExecutionException e) {
      throw e.getCause() instanceof KtdException failure
          ? failure
          : new KtdException(ErrorCode.DNS, "the cluster's DNS cannot be asked", null, e);
    } catch (TimeoutException e) {
      throw new KtdException(
          ErrorCode.DNS,
          "the cluster's DNS did not answer for "
              + name
              + " within "
              + LOOKUP_LIMIT.toSeconds()
              + " s",
          "Is it running?  kubectl -n kube-system get pods -l k8s-app=kube-dns",
          e);
    }
  }

  private Set<InetAddress> byPrograms(String name) {
    CommandRunner.Result result =
        host.commands().run(List.of("getent", "ahosts", name), "", LOOKUP_LIMIT);
    return new LinkedHashSet<>(NameCheck.parseGetent(result.output()));
  }
}
