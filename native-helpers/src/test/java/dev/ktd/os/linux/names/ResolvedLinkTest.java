package dev.ktd.os.linux.names;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.CommandRunner;
import dev.ktd.os.HostResolver;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The device is the loopback, whose index is 1 in every network namespace. */
class ResolvedLinkTest {
  private static final String CALL =
      "busctl --system call org.freedesktop.resolve1 /org/freedesktop/resolve1"
          + " org.freedesktop.resolve1.Manager ";
  private static final CommandRunner.Result DONE = new CommandRunner.Result(0, "", "");

  @TempDir Path proc;

  private static HostResolver.Wanted wanted(List<String> suffixes) {
    return new HostResolver.Wanted(
        "lo",
        InetAddress.ofLiteral("198.18.0.53"),
        List.of("shop.svc.cluster.local", "svc.cluster.local", "cluster.local"),
        suffixes);
  }

  @Test
  void theLinkGetsServerSearchAndRoutingDomainsAndNothingElseOfTheHostIsTouched() {
    var programs = new Programs();
    new ResolvedLink(programs).apply(wanted(List.of("cluster.local", "svc", "shop")));
    assertThat(programs.run())
        .containsExactly(
            CALL + "SetLinkDNS ia(iay) 1 1 2 4 198 18 0 53",
            CALL + "SetLinkDefaultRoute ib 1 false",
            CALL + "SetLinkDNSSEC is 1 no",
            CALL + "SetLinkDNSOverTLS is 1 no",
            CALL + "SetLinkLLMNR is 1 no",
            CALL + "SetLinkMulticastDNS is 1 no",
            CALL
                + "SetLinkDomains ia(sb) 1 5 shop.svc.cluster.local false svc.cluster.local false"
                + " cluster.local false svc true shop true",
            CALL + "FlushCaches");
  }

  @Test
  void anIpv6ServerIsTold() {
    var programs = new Programs();
    new ResolvedLink(programs)
        .apply(
            new HostResolver.Wanted("lo", InetAddress.ofLiteral("fd6b::1"), List.of(), List.of()));
    assertThat(programs.run().getFirst())
        .isEqualTo(CALL + "SetLinkDNS ia(iay) 1 1 10 16 253 107 0 0 0 0 0 0 0 0 0 0 0 0 0 1");
  }

  @Test
  void anOlderVersionGetsAsManyDomainsAsItTakesTheFirstOnes() {
    var programs =
        new Programs(
            (command, input) ->
                command.contains("SetLinkDomains")
                        && Integer.parseInt(command.get(command.indexOf("ia(sb)") + 2)) > 256
                    ? new CommandRunner.Result(1, "", "Call failed: Argument list too long\n")
                    : DONE);
    List<String> suffixes =
        Stream.concat(Stream.of("svc"), IntStream.range(0, 500).mapToObj(i -> "ns" + i)).toList();
    new ResolvedLink(programs).apply(wanted(suffixes));
    List<String> tried =
        programs.run().stream().filter(line -> line.contains("SetLinkDomains")).toList();
    assertThat(tried).hasSize(2);
    assertThat(tried.getLast())
        .startsWith(CALL + "SetLinkDomains ia(sb) 1 256 shop.svc.cluster.local false ")
        .contains(" svc true ns0 true ")
        .endsWith(" ns251 true");
  }

  @Test
  void whatAnOlderVersionDoesNotKnowIsLeftOut() {
    var programs =
        new Programs(
            (command, input) ->
                command.contains("SetLinkDefaultRoute") || command.contains("SetLinkDNSOverTLS")
                    ? new CommandRunner.Result(1, "", "Call failed: Unknown method\n")
                    : DONE);
    new ResolvedLink(programs).apply(wanted(List.of()));
    assertThat(programs.run().getLast()).isEqualTo(CALL + "FlushCaches");
  }

  @Test
  void aRefusalIsTold() {
    var programs =
        new Programs(
            (command, input) ->
                command.contains("SetLinkDNS")
                    ? new CommandRunner.Result(1, "", "Call failed: Access denied\n")
                    : DONE);
    assertThatThrownBy(() -> new ResolvedLink(programs).apply(wanted(List.of())))
        .isInstanceOfSatisfying(
            KtdException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DNS))
        .hasMessage("systemd-resolved refused SetLinkDNS: Call failed: Access denied");
  }

  @Test
  void undoRevertsTheLinkOnceAndNothingBeforeApply() {
    var programs = new Programs();
    var link = new ResolvedLink(programs);
    link.undo();
    assertThat(programs.run()).isEmpty();
    link.apply(wanted(List.of()));
    link.undo();
    link.undo();
    assertThat(programs.run()).containsOnlyOnce(CALL + "RevertLink i 1");
  }

  @Test
  void itRunsOnlyForTheNetworkThatThisThreadIsIn() throws Exception {
    link(proc.resolve("thread-self/ns/net"), "net:[1]");
    link(proc.resolve("41/ns/net"), "net:[1]");
    link(proc.resolve("42/ns/net"), "net:[2]");
    assertThat(new ResolvedLink(owner("u 41\n"), proc).runs()).isTrue();
    assertThat(new ResolvedLink(owner("u 42\n"), proc).runs()).as("another network").isFalse();
    assertThat(new ResolvedLink(owner("u 43\n"), proc).runs()).as("just ended").isFalse();
    Programs nobody =
        new Programs((command, input) -> new CommandRunner.Result(1, "", "no such name"));
    assertThat(new ResolvedLink(nobody, proc).runs()).isFalse();
  }

  private static Programs owner(String answer) {
    return new Programs((command, input) -> new CommandRunner.Result(0, answer, ""));
  }

  private static void link(Path path, String target) throws Exception {
    Files.createDirectories(path.getParent());
    Files.createSymbolicLink(path, Path.of(target));
  }
}
