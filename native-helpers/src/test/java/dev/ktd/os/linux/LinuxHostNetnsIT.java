package dev.ktd.os.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.Change;
import dev.ktd.os.Cidr;
import dev.ktd.os.HostResolver;
import dev.ktd.os.Journal;
import dev.ktd.os.RouteTable;
import dev.ktd.os.TunDevice;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The real kernel, in a network namespace of the test's own. Needs root.
 *
 * <pre>
 *   namespace ktd-os-PID:   lo   ktd0 (made by the code under test)   other0 (a stranger's)
 * </pre>
 */
@Timeout(120)
class LinuxHostNetnsIT {
  private static final List<Cidr> WANTED =
      List.of(Cidr.parse("10.43.0.0/16"), Cidr.parse("10.42.0.0/24"), Cidr.parse("fd00:43::/112"));

  @TempDir Path temporary;
  private Netns namespace;
  private Path resolvConf;
  private Journal journal;
  private LinuxHost host;

  @BeforeEach
  void open() {
    resolvConf = temporary.resolve("resolv.conf");
    journal = new Journal(temporary.resolve("state"));
    host = new LinuxHost(journal, resolvConf);
    namespace = Netns.forTest("os");
  }

  @AfterEach
  void close() {
    if (namespace != null) {
      namespace.close();
    }
  }

  private <T> T inside(Callable<T> work) throws Exception {
    return namespace.inside(work);
  }

  private String ours() {
    return Netns.run("ip", "-4", "route", "show", "proto", "107")
        + Netns.run("ip", "-6", "route", "show", "proto", "107");
  }

  @Test
  void theDeviceIsUpWithAddressesQueueAndOffloads() throws Exception {
    inside(
        () -> {
          try (TunDevice tun = host.openTun("ktd0", 1400)) {
            assertThat(tun.descriptor()).isPositive();
            assertThat(tun.offloads().vnetHeader()).isTrue();
            assertThat(tun.offloads().tcpSegmentation()).isTrue();
            String shown = Netns.run("ip", "-details", "address", "show", "dev", "ktd0");
            assertThat(shown)
                .contains("mtu 1400", "qlen 4096", ",UP,", "inet 198.18.0.1/32", "tun type tun")
                .contains("inet6 fd6b:7464::1/128", "vnet_hdr on", "persist off")
                .doesNotContain("fe80:");
            assertThat(journal.pending()).containsExactly(new Change.DeviceMade("ktd0"));
          }
          assertThat(Netns.run("ip", "link")).doesNotContain("ktd0");
          assertThat(journal.pending()).isEmpty();
          return null;
        });
  }

  @Test
  void aNameThatAProcessHoldsIsTakenAndTheHolderNamed() throws Exception {
    inside(
        () -> {
          try (TunDevice tun = host.openTun("ktd0", 1400)) {
            assertThat(tun.name()).isEqualTo("ktd0");
            assertThatThrownBy(() -> host.openTun("ktd0", 1400))
                .isInstanceOfSatisfying(
                    KtdException.class,
                    e -> {
                      assertThat(e.code()).isEqualTo(ErrorCode.TUN);
                      assertThat(e.hint()).contains("ktd down");
                    })
                .hasMessageContaining("(pid " + ProcessHandle.current().pid() + ")");
          }
          return null;
        });
  }

  @Test
  void aForeignDeviceIsNamedWithTheCommandThatRemovesIt() throws Exception {
    inside(
        () -> {
          Netns.run("ip", "tuntap", "add", "ktd0", "mode", "tun");
          assertThatThrownBy(() -> host.openTun("ktd0", 1400))
              .isInstanceOfSatisfying(
                  KtdException.class,
                  e -> {
                    assertThat(e.code()).isEqualTo(ErrorCode.TUN);
                    assertThat(e.hint()).contains("sudo ip link delete ktd0");
                  });
          assertThat(journal.pending()).as("not ours, not to be undone").isEmpty();
          assertThat(host.recover()).isEmpty();
          assertThat(Netns.run("ip", "link")).contains("ktd0");
          return null;
        });
  }

  @Test
  void routesBecomeExactlyWhatIsWanted() throws Exception {
    inside(
        () -> {
          try (TunDevice tun = host.openTun("ktd0", 1400)) {
            RouteTable routes = host.routes();
            routes.apply(tun.name(), WANTED);
            assertThat(ours())
                .contains("10.43.0.0/16 dev ktd0", "10.42.0.0/24 dev ktd0", "fd00:43::/112 dev");
            String before = ours();
            routes.apply(tun.name(), WANTED);
            assertThat(ours()).isEqualTo(before);
            routes.apply(tun.name(), List.of(Cidr.parse("10.43.0.0/16"), Cidr.parse("10.9.9.9")));
            assertThat(ours().lines().map(line -> line.split(" ", 2)[0]))
                .containsExactlyInAnyOrder("10.43.0.0/16", "10.9.9.9");
            assertThat(Netns.run("ip", "route", "get", "10.43.1.1")).contains("src 198.18.0.1");
            routes.reset();
            assertThat(ours()).isEmpty();
            routes.reset();
          }
          return null;
        });
  }

  @Test
  void routesOfOthersAreReportedAndNeverReplaced() throws Exception {
    inside(
        () -> {
          Netns.run("ip", "tuntap", "add", "other0", "mode", "tun");
          Netns.run("ip", "link", "set", "other0", "up");
          Netns.run("ip", "route", "add", "10.42.8.0/21", "dev", "other0");
          Netns.run("ip", "route", "add", "10.0.0.0/8", "dev", "other0", "table", "52");
          Netns.run("ip", "route", "add", "blackhole", "10.42.0.0/24");
          Netns.run("ip", "route", "add", "default", "dev", "other0");
          try (TunDevice tun = host.openTun("ktd0", 1400)) {
            RouteTable routes = host.routes();
            assertThat(routes.conflicts(Cidr.parse("10.42.0.0/16")))
                .containsExactlyInAnyOrder(
                    new RouteTable.Conflict(Cidr.parse("10.42.8.0/21"), "other0"),
                    new RouteTable.Conflict(Cidr.parse("10.0.0.0/8"), "other0"),
                    new RouteTable.Conflict(Cidr.parse("10.42.0.0/24"), "blackhole"));
            assertThat(routes.conflicts(Cidr.parse("192.168.0.0/16"))).isEmpty();
            assertThatThrownBy(() -> routes.apply(tun.name(), WANTED))
                .isInstanceOfSatisfying(
                    KtdException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ROUTES))
                .hasMessageContaining("File exists")
                .hasMessageContaining("10.42.0.0/24");
            routes.reset();
            assertThat(Netns.run("ip", "route")).contains("blackhole 10.42.0.0/24");
          }
          return null;
        });
  }

  @Test
  void theNextProcessUndoesWhatADeadOneLeft() throws Exception {
    Files.writeString(resolvConf, "nameserver 192.0.2.1\n");
    var wanted =
        new HostResolver.Wanted(InetAddress.ofLiteral("198.18.0.53"), List.of("svc"), List.of());
    inside(
        () -> {
          assertThat(host.claim()).isEmpty();
          TunDevice tun = host.openTun("ktd0", 1400);
          host.routes().apply("ktd0", WANTED);
          host.resolver().apply(wanted);
          assertThat(host.recover())
              .containsExactly(
                  "restored " + resolvConf, "removed 3 routes", "removed the device ktd0");
          assertThat(ours()).isEmpty();
          assertThat(Files.readString(resolvConf)).isEqualTo("nameserver 192.0.2.1\n");
          assertThat(journal.pending()).isEmpty();
          assertThat(host.recover()).isEmpty();
          tun.close();
          return null;
        });
  }

  @Test
  void aLivingDaemonIsNotDisturbedAndADeadOneIsForgotten() throws Exception {
    Process other = new ProcessBuilder("sleep", "600").start();
    try {
      String identity = new Processes().identity(other.pid()).orElseThrow();
      journal.append(new Change.DaemonRuns(other.pid(), identity));
      assertThatThrownBy(host::claim)
          .isInstanceOfSatisfying(
              KtdException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFLICT))
          .hasMessageContaining("pid " + other.pid());
    } finally {
      other.destroyForcibly().waitFor();
    }
    assertThat(host.claim()).isEmpty();
    assertThat(host.claim()).as("repeatable").isEmpty();
    assertThat(journal.pending()).hasSize(1);
    assertThat(host.recover()).isEmpty();
    assertThat(journal.pending()).isEmpty();
  }

  @Test
  void aResolvConfThatIsAMountIsWrittenInPlace() throws Exception {
    Path source = Files.writeString(temporary.resolve("source.conf"), "nameserver 192.0.2.1\n");
    Files.writeString(resolvConf, "");
    inside(
        () -> {
          Netns.run("mount", "--bind", source.toString(), resolvConf.toString());
          host.resolver()
              .apply(
                  new HostResolver.Wanted(
                      InetAddress.ofLiteral("198.18.0.53"), List.of(), List.of()));
          assertThat(Files.readString(source)).contains("nameserver 198.18.0.53");
          host.resolver().reset();
          assertThat(Files.readString(source)).isEqualTo("nameserver 192.0.2.1\n");
          return null;
        });
  }

  @Test
  void aReadOnlyResolvConfIsAnErrorAndNothingIsLeft() throws Exception {
    Files.writeString(resolvConf, "nameserver 192.0.2.1\n");
    inside(
        () -> {
          String directory = temporary.toString();
          var elsewhere = new LinuxHost(new Journal(Path.of("/dev/shm", "ktd-os-it")), resolvConf);
          Netns.run("mount", "-t", "tmpfs", "tmpfs", "/dev/shm");
          Netns.run("mount", "--bind", directory, directory);
          Netns.run("mount", "-o", "remount,bind,ro", directory);
          assertThatThrownBy(
                  () ->
                      elsewhere
                          .resolver()
                          .apply(
                              new HostResolver.Wanted(
                                  InetAddress.ofLiteral("198.18.0.53"), List.of(), List.of())))
              .isInstanceOfSatisfying(
                  KtdException.class,
                  e -> {
                    assertThat(e.code()).isEqualTo(ErrorCode.DNS);
                    assertThat(e.hint()).contains("read-only");
                  });
          assertThat(elsewhere.recover()).isEmpty();
          return null;
        });
  }
}
