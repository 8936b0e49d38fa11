package dev.ktd.testbed;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;

/**
 * What ktd may change on a laptop and in a cluster, as text, to be compared before and after.
 *
 * @param network addresses, links, rules and routes of the laptop
 * @param resolvConf its /etc/resolv.conf, byte for byte
 */
record HostState(String network, String resolvConf) {

  static HostState of(Laptop laptop) {
    return new HostState(
        laptop
            .shell(
                """
                ip -brief link
                ip -brief address
                ip rule
                ip -4 route show table all
                ip -6 route show table main | sed 's/ expires [0-9]*sec//'
                """)
            .expectSuccess()
            .output(),
        laptop.shell("cat /etc/resolv.conf").expectSuccess().output());
  }

  /** The laptop is as it was, no daemon runs, and nothing waits to be undone. */
  void assertUnchanged(Ktd ktd, Laptop laptop) {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!ktd.daemons().isEmpty() && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertThat(ktd.daemons()).as("daemons").isEmpty();
    assertThat(of(laptop)).isEqualTo(this);
    assertThat(laptop.run("test", "-e", "/var/lib/ktd/journal").status())
        .as("a journal is left")
        .isEqualTo(1);
  }

  /** Nothing of ktd is in the cluster, at the latest after the limit. */
  static void assertNothingInCluster(TestCluster cluster, Duration limit) {
    String left = objects(cluster);
    long deadline = System.nanoTime() + limit.toNanos();
    while (!left.isEmpty() && System.nanoTime() < deadline) {
      left = objects(cluster);
    }
    assertThat(left).as("in the cluster after %s", limit).isEmpty();
  }

  private static String objects(TestCluster cluster) {
    return cluster
        .kubectl("get", "all,secrets,leases", "-A", "-o", "name")
        .expectSuccess()
        .output()
        .lines()
        .filter(line -> line.contains("/ktd-"))
        .reduce("", (all, line) -> all + line + "\n");
  }
}
