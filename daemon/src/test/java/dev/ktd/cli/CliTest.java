package dev.ktd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.control.Event;
import dev.ktd.control.Request;
import dev.ktd.control.StatusReport;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
final class CliTest {
  @TempDir private Path directory;
  private CliHarness ktd;

  @BeforeEach
  void setUp() {
    ktd = new CliHarness(directory);
  }

  @AfterEach
  void tearDown() {
    ktd.close();
  }

  private static void connecting(CliHarness ktd) {
    ktd.up =
        events -> {
          events.accept(
              new Event.Progress(
                  "cluster",
                  "dev (https://10.99.0.1:6443), Kubernetes 1.34, as ana@example.com",
                  true,
                  40));
          events.accept(new Event.Progress("access", "ok", true, 20));
          events.accept(
              new Event.Progress("proxy", "ktd-ana-7f3c in default: scheduled", false, 0));
          events.accept(
              new Event.Progress(
                  "proxy",
                  "ktd-ana-7f3c in default: scheduled, image present, running",
                  true,
                  1100));
          events.accept(new Event.Warning("the network 10.42.8.0/21 stays with tun0"));
          return "Connected in 1.9 s. Try:  curl http://web    ktd status    ktd down";
        };
  }

  @Test
  void upLooksLikeTheContract() {
    connecting(ktd.startDaemon());
    assertThat(ktd.run("up", "--namespace", "default")).isZero();
    assertThat(ktd.err())
        .isEqualTo(
            """
              cluster    dev (https://10.99.0.1:6443), Kubernetes 1.34, as ana@example.com
              access     ok
              proxy      ktd-ana-7f3c in default: scheduled
              proxy      ktd-ana-7f3c in default: scheduled, image present, running                 1.1 s
              warning    the network 10.42.8.0/21 stays with tun0
            """);
    assertThat(ktd.out())
        .isEqualTo("Connected in 1.9 s. Try:  curl http://web    ktd status    ktd down\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"imgae = foo:1", "--timeout = 5s", "up.timeout = 5s"})
  void whatTheConfigurationNamesMustBeAFlag(String line) throws IOException {
    Files.writeString(ktd.configuration, line + "\n");
    assertThat(ktd.run("status")).isEqualTo(2);
    assertThat(ktd.err())
        .contains("there is no flag --" + line.replaceFirst(" .*", ""), "ktd.properties");
  }

  @Test
  void configurationGivesDefaultsThatFlagsOverride() throws IOException {
    Files.writeString(
        ktd.configuration,
        "image = registry.example/ktd-proxy:1\nimage-pull-secret = pull\nktd.up.carriers = 3\n");
    ktd.startDaemon();
    assertThat(ktd.run("up", "--carriers", "1")).isZero();
    Request.Up up = ktd.ups.getFirst();
    assertThat(up.image()).isEqualTo("registry.example/ktd-proxy:1");
    assertThat(up.imagePullSecret()).isEqualTo("pull");
    assertThat(up.carriers()).isEqualTo(1);
    assertThat(ktd.run("up")).isZero();
    assertThat(ktd.ups.getLast().carriers()).isEqualTo(3);
  }

  @Test
  void nothingIsSaidOfAConfigurationThatIsNotThere() {
    PrintStream before = System.err; // picocli writes past its own streams
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
    try {
      assertThat(ktd.run("version")).isZero();
    } finally {
      System.setErr(before);
    }
    assertThat(said.toString(StandardCharsets.UTF_8)).isEmpty();
    assertThat(ktd.err()).isEmpty();
  }

  @Test
  void aConfigurationThatCannotBeReadIsNamed() throws IOException {
    Files.createDirectory(ktd.configuration);
    assertThat(ktd.run("version")).isEqualTo(2);
    assertThat(ktd.err()).contains("ktd: the defaults in ", "ktd.properties cannot be read");
    assertThat(ktd.out()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "statsu, ktd status",
    "dow, ktd down",
    "up --namspace x, ktd up --namespace",
    "up --exlude 10.0.0.0/8, ktd up --exclude",
  })
  void aTypingErrorIsAnsweredWithWhatWasMeant(String typed, String meant) {
    assertThat(ktd.run(typed.split(" ", -1))).isEqualTo(2);
    assertThat(ktd.err())
        .containsPattern("     Perhaps:  .*\\b" + meant + "\\b")
        .contains("     See:  ktd");
  }

  @Test
  void liveTerminalRewritesTheLineThatGoesOn() {
    ktd.live = true;
    ktd.width = 40;
    connecting(ktd.startDaemon());
    assertThat(ktd.run("up")).isZero();
    assertThat(ktd.err())
        .contains("\r\u001b[K  proxy      ktd-ana-7f3c in default...\r\u001b[K  proxy      ktd-ana")
        .contains("image present, running  1.1 s\n  warning    the network")
        .doesNotContain("\u001b[3");
  }

  @Test
  void failureBeginsItsOwnLineAfterALiveOne() {
    ktd.live = true;
    ktd.colour = true;
    ktd.startDaemon().up =
        events -> {
          events.accept(new Event.Progress("proxy", "pulling", false, 0));
          throw new KtdException(ErrorCode.IMAGE, "no such image", "build it\nor name another");
        };
    assertThat(ktd.run("up")).isEqualTo(4);
    assertThat(ktd.err())
        .endsWith(
            "pulling\n\u001b[31mktd:\u001b[0m no such image\n     build it\n     or name another\n");
  }

  @Test
  void jsonIsOneEventALineOnStandardOutput() {
    connecting(ktd.startDaemon());
    assertThat(ktd.run("up", "-o", "json")).isZero();
    assertThat(ktd.err()).isEmpty();
    assertThat(ktd.out().lines())
        .hasSize(6)
        .allMatch(line -> line.startsWith("{\"event\":\"") && line.endsWith("}"));
    assertThat(ktd.out()).contains("{\"event\":\"finished\",\"text\":\"Connected in 1.9 s.");
  }

  @Test
  void jsonTellsFailuresInTheSameShape() {
    ktd.uid = 1000;
    assertThat(ktd.run("-o", "json", "up")).isEqualTo(5);
    assertThat(ktd.out())
        .startsWith("{\"event\":\"failed\",\"code\":\"PERMISSION\",\"exitStatus\":5,\"message\":");
    assertThat(ktd.err()).isEmpty();
  }

  @Test
  void escapeSequencesOfTheClusterDoNotReachTheTerminal() {
    ktd.startDaemon().up =
        events -> {
          events.accept(new Event.Progress("proxy", "a\u001b[2Jb\nc", true, 0));
          throw new KtdException(ErrorCode.PROXY, "x\u001b]0;y\u0007z", "h\u001b[31m");
        };
    assertThat(ktd.run("up")).isEqualTo(4);
    assertThat(ktd.err()).doesNotContain("\u001b", "\u0007").contains("  proxy      a [2Jb c\n");
  }

  @Test
  void everyFlagOfUpArrives() {
    ktd.startDaemon();
    int status =
        ktd.run(
            "up",
            "--context=my dev",
            "--kubeconfig=conf",
            "-n",
            "shop",
            "--cidr=10.20.0.0/16",
            "--cidr=fd00::/64",
            "--exclude=10.42.8.0/21",
            "--dns-suffix=corp.example",
            "--carriers=3",
            "--image=registry.example/ktd:1",
            "--image-pull-secret=pull",
            "--resume=1m30s",
            "--timeout=PT2M");
    assertThat(ktd.err()).isEmpty();
    assertThat(status).isZero();
    assertThat(ktd.ups)
        .containsExactly(
            new Request.Up(
                new Request.Caller(0, 0, "root", "/home/ana", "/bin", null),
                List.of("/work/dir/conf"),
                "my dev",
                "shop",
                List.of("10.20.0.0/16", "fd00::/64"),
                List.of("10.42.8.0/21"),
                List.of("corp.example"),
                3,
                "registry.example/ktd:1",
                "pull",
                90,
                120));
  }

  @Test
  void globalFlagsMayStandBeforeTheVerb() {
    ktd.startDaemon();
    assertThat(ktd.run("-n", "shop", "--context", "dev", "up")).isZero();
    assertThat(ktd.ups.getFirst().namespace()).isEqualTo("shop");
    assertThat(ktd.ups.getFirst().context()).isEqualTo("dev");
    assertThat(ktd.ups.getFirst().kubeconfigs()).containsExactly("/home/ana/.kube/config");
    assertThat(ktd.ups.getFirst().carriers()).isEqualTo(2);
    assertThat(ktd.ups.getFirst().resumeSeconds()).isEqualTo(900);
    assertThat(ktd.ups.getFirst().timeoutSeconds()).isEqualTo(60);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "up --carriers 5",
        "up --carriers 0",
        "up --carriers two",
        "up --cidr 10.0.0.0/33",
        "up --cidr 10.0.0.1/8",
        "up --exclude web",
        "up --timeout 5",
        "up --timeout 500ms",
        "up --timeout 2h",
        "up --timeout 99999999h",
        "up --resume 1s",
        "up --resume soon",
        "up -n Shop",
        "up --dns-suffix a..b",
        "up --unknown",
        "up stray",
        "up -o yaml",
        "swap deployment/c",
        "completion fish",
        "completion",
        "",
      })
  void misuseIsStatusTwoAndStartsNothing(String commandLine) {
    String[] arguments = commandLine.isEmpty() ? new String[0] : commandLine.split(" ", -1);
    assertThat(ktd.run(arguments)).isEqualTo(2);
    assertThat(ktd.err()).startsWith("ktd: ");
    assertThat(ktd.out()).isEmpty();
    assertThat(ktd.calls).containsExactly("exit 2");
  }

  @Test
  void misuseNamesTheHelpOfItsCommand() {
    ktd.run("up", "--carriers", "two");
    assertThat(ktd.err()).contains("--carriers", "two").endsWith("     See:  ktd up --help\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"up", "down", "status", "recover", "daemon", "version", "completion"})
  void everyCommandHasHelpWithAnExample(String command) {
    assertThat(ktd.run(command, "--help")).isZero();
    assertThat(ktd.out())
        .contains("Usage: ktd " + command, "Example:  ", "--context", "--namespace", "--output")
        .doesNotContain("--on-demand", "Optional[");
    assertThat(ktd.out().lines().mapToInt(String::length).max().orElse(0)).isLessThan(100);
  }

  @Test
  void helpOfTheProgramListsWhatExistsAndNoMore() {
    assertThat(ktd.run("--help")).isZero();
    assertThat(ktd.out())
        .contains("up ", "down ", "status ", "recover ", "daemon ", "version ", "completion ")
        .doesNotContain("swap", "mesh", "preview", "socks", "doctor");
  }

  @Test
  void withoutDaemonRootStartsOne() {
    assertThat(ktd.run("up")).isZero();
    assertThat(ktd.calls).containsExactly("start", "exit 0");
  }

  @Test
  void withoutDaemonOthersAreTheCommandToType() {
    ktd.uid = 1000;
    ktd.environment.put("KUBECONFIG", "/a:/b c");
    assertThat(ktd.run("up", "--context", "my dev", "-n", "shop")).isEqualTo(5);
    assertThat(ktd.err())
        .isEqualTo(
            """
            ktd: no ktd daemon runs, and only root may start one.
                 Type:  sudo KUBECONFIG='/a:/b c' ktd up --context 'my dev' -n shop
            """);
  }

  @Test
  void proxiesAreNamedInTheCommandToTypeButNotShown() {
    ktd.uid = 1000;
    ktd.environment.put("HTTPS_PROXY", "http://ana:s3cret@proxy:3128");
    ktd.environment.put("no_proxy", "corp.example");
    assertThat(ktd.run("up")).isEqualTo(5);
    assertThat(ktd.err())
        .contains("Type:  sudo --preserve-env=HTTPS_PROXY,no_proxy ktd up\n")
        .doesNotContain("s3cret");
  }

  @Test
  void proxiesOfTheEnvironmentGoAlong() {
    ktd.startDaemon();
    ktd.environment.put("https_proxy", "http://lower:1");
    ktd.environment.put("HTTPS_PROXY", "http://ana:s3cret@proxy:3128");
    ktd.environment.put("no_proxy", "corp.example");
    assertThat(ktd.run("up")).isZero();
    Request.Proxies proxies = ktd.ups.getFirst().caller().proxies();
    assertThat(proxies)
        .isEqualTo(new Request.Proxies("http://ana:s3cret@proxy:3128", null, "corp.example"));
    assertThat(ktd.ups.getFirst()).asString().doesNotContain("s3cret");
  }

  @Test
  void daemonThatIsAboutToEndIsFollowedByAnother() {
    ktd.startDaemon().up =
        events -> {
          if (ktd.ups.size() == 1) {
            new Thread(ktd::close).start();
            throw new KtdException(ErrorCode.NOT_CONNECTED, "the daemon is about to end", null);
          }
          return "Connected.";
        };
    assertThat(ktd.run("up")).isZero();
    assertThat(ktd.calls).containsExactly("start", "exit 0");
    assertThat(ktd.out()).isEqualTo("Connected.\n");
  }

  @Test
  void interruptedUpWaitsForItsUndoAndIsStatus130() throws Exception {
    ktd.startDaemon().up =
        events -> {
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException told) {
            events.accept(new Event.Progress("undo", "everything", true, 0));
            throw told;
          }
          return "never";
        };
    Thread person =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    ktd.asked.await();
                    ktd.interrupt();
                  } catch (InterruptedException _) {
                    Thread.currentThread().interrupt();
                  }
                });
    assertThat(ktd.run("up")).isEqualTo(130);
    person.join();
    assertThat(ktd.err()).contains("  undo       everything\n", "ktd: interrupted");
    assertThat(ktd.calls).containsExactly("exit 130");
  }

  @Test
  void signalBeforeTheRequestWasSentIsNotForgotten() {
    ktd.startDaemon().up =
        events -> {
          new CountDownLatch(1).await();
          return "never";
        };
    ktd.interrupt();
    assertThat(ktd.run("up")).isEqualTo(130);
  }

  @Test
  void foregroundDisconnectsOnASignal() {
    ktd.startDaemon().up =
        events -> {
          ktd.signal.countDown();
          return "Connected.";
        };
    assertThat(ktd.run("up", "--foreground")).isZero();
    assertThat(ktd.calls).containsExactly("down", "exit 0");
    assertThat(ktd.out()).isEqualTo("Connected.\nDisconnected.\n");
  }

  @Test
  void foregroundTakesNoSessionOfOthers() {
    ktd.startDaemon();
    ktd.report = report();
    assertThat(ktd.run("up", "--foreground")).isEqualTo(7);
    assertThat(ktd.err()).contains("connected already", "ktd down");
    assertThat(ktd.ups).isEmpty();
  }

  @Test
  void foregroundEndsWithItsSession() {
    ktd.startDaemon();
    assertThat(ktd.run("up", "--foreground")).isEqualTo(6);
    assertThat(ktd.err()).contains("the session was ended");
  }

  @Test
  void downTellsWhatTheDaemonSays() {
    ktd.startDaemon();
    assertThat(ktd.run("down")).isZero();
    assertThat(ktd.out()).isEqualTo("Disconnected.\n");
  }

  @Test
  void downWithoutDaemonNamesRecover() {
    assertThat(ktd.run("down")).isEqualTo(6);
    assertThat(ktd.err()).contains("not connected", "sudo ktd recover");
  }

  @Test
  void statusWithoutDaemonIsIdleAndSix() {
    assertThat(ktd.run("status")).isEqualTo(6);
    assertThat(ktd.out()).isEqualTo("  state      IDLE, not connected\n");
    assertThat(ktd.err()).isEmpty();
  }

  @Test
  void statusWithoutDaemonAsJson() {
    assertThat(ktd.run("status", "-o", "json")).isEqualTo(6);
    assertThat(ktd.out()).startsWith("{\"state\":\"IDLE\",");
  }

  @Test
  void statusLooksLikeThis() {
    ktd.startDaemon().report = report();
    assertThat(ktd.run("status")).isZero();
    assertThat(ktd.out())
        .isEqualTo(
            """
              state      CONNECTED since 2026-01-01T00:00:00Z
              cluster    dev, namespace default, as ana, through ktd0
              networks   10.43.0.0/16  services  ServiceCIDR
                         10.42.0.0/24  pods      node.podCIDRs
              excluded   10.99.0.1/32
              names      *.cluster.local through systemd-resolved, server 198.18.0.53, checked
              carriers   #1  UP  port-forward  0.4 ms   999 B up  1.0 MB down
                         #2  UP  port-forward  12.0 ms  0 B up    0 B down     resumed 2 times  made anew once
              flows      3 TCP, 1 UDP, 40 opened, 2 refused
              drops      7 bad-checksum, 1 unsupported
              swaps      deployment/c  swap  80 -> localhost:8080  ACTIVE
            """);
  }

  private static StatusReport report() {
    return new StatusReport(
        "CONNECTED",
        "2026-01-01T00:00:00Z",
        "dev",
        "default",
        "ana",
        "ktd0",
        List.of(
            new StatusReport.Network("10.43.0.0/16", "services", "ServiceCIDR"),
            new StatusReport.Network("10.42.0.0/24", "pods", "node.podCIDRs")),
        List.of("10.99.0.1/32"),
        new StatusReport.Dns(
            "systemd-resolved", "198.18.0.53", List.of("cluster.local"), List.of(), true),
        List.of(
            new StatusReport.CarrierState(1, "UP", "port-forward", 0.4, 999, 999_960, 0, 0),
            new StatusReport.CarrierState(2, "UP", "port-forward", 12, 0, 0, 2, 1)),
        new StatusReport.Flows(3, 1, 40, 2, 4),
        Map.of("unsupported", 1L, "bad-checksum", 7L),
        List.of(
            new StatusReport.Swap(
                "deployment/c", "swap", List.of(new StatusReport.Port(8080, 80)), "ACTIVE")));
  }

  @ParameterizedTest
  @CsvSource({
    "0,0 B",
    "999,999 B",
    "1000,1.0 kB",
    "999949,999.9 kB",
    "999950,1.0 MB",
    "9223372036854775807,9223372.0 TB"
  })
  void bytesHaveDecimalUnits(long count, String text) {
    assertThat(StatusText.bytes(count)).isEqualTo(text);
  }

  @Test
  void recoverShowsWhatItUndid() {
    ktd.recovery = () -> List.of("route 10.43.0.0/16", "/etc/resolv.conf");
    assertThat(ktd.run("recover")).isZero();
    assertThat(ktd.err())
        .isEqualTo("  undone     route 10.43.0.0/16\n  undone     /etc/resolv.conf\n");
    assertThat(ktd.out()).isEqualTo("Recovered.\n");
  }

  @Test
  void recoverIsForRootAndOnlyWithoutDaemon() {
    ktd.uid = 1000;
    assertThat(ktd.run("recover")).isEqualTo(5);
    ktd.uid = 0;
    ktd.startDaemon();
    assertThat(ktd.run("recover")).isEqualTo(7);
    assertThat(ktd.run("daemon", "--cleanup")).isEqualTo(7);
    assertThat(ktd.calls).doesNotContain("recover");
  }

  @Test
  void daemonRunsOrCleansUp() {
    assertThat(ktd.run("daemon")).isZero();
    assertThat(ktd.run("daemon", "--on-demand")).isZero();
    assertThat(ktd.run("daemon", "--cleanup")).isZero();
    assertThat(ktd.calls)
        .containsExactly(
            "daemon onDemand=false",
            "exit 0",
            "daemon onDemand=true",
            "exit 0",
            "recover",
            "exit 0");
    ktd.uid = 1000;
    assertThat(ktd.run("daemon")).isEqualTo(5);
    assertThat(ktd.err()).contains("Type:  sudo ktd daemon");
  }

  @Test
  void defectIsStatusOne() {
    ktd.recovery =
        () -> {
          throw new IllegalStateException("boom");
        };
    assertThat(ktd.run("recover")).isEqualTo(1);
    assertThat(ktd.err()).contains("ktd: this is a defect of ktd: ", "boom", "KTD_DEBUG=1");
  }

  @Test
  void versionAndCompletion() {
    assertThat(ktd.run("version")).isZero();
    assertThat(ktd.run("version", "-o", "json")).isZero();
    assertThat(ktd.run("--version")).isZero();
    assertThat(ktd.out()).isEqualTo("ktd 1.2.3\n{\"version\":\"1.2.3\"}\nktd 1.2.3\n");
    assertThat(ktd.run("completion", "bash")).isZero();
    assertThat(ktd.out()).contains("complete -F _complete_ktd", "--dns-suffix");
    assertThat(ktd.run("completion", "zsh")).isZero();
    assertThat(ktd.out()).contains("bashcompinit");
  }
}
