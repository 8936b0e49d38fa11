package dev.ktd.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who may ask, and for whom. The tests with real foreign processes need root. */
@Timeout(60)
final class PeerTest {
  private static final Account.Directory ACCOUNTS =
      uid ->
          uid == 1000 ? Optional.of(new Account("ana", 1000, 1000, "/home/ana")) : Optional.empty();
  private static final String STATUS = "GET /v1/status";

  @TempDir private Path directory;

  @Test
  void rootMayConnectForAnybody() {
    assertThatCode(
            () ->
                new Peer(1, 0, List.of(0))
                    .checkMayActFor(Samples.caller(1000, 1000, "ana"), ACCOUNTS))
        .doesNotThrowAnyException();
  }

  @Test
  void personMayConnectForItself() {
    Peer ana = new Peer(1, 1000, List.of(1000, 27));
    assertThatCode(() -> ana.checkMayActFor(Samples.caller(1000, 27, "ana"), ACCOUNTS))
        .doesNotThrowAnyException();
  }

  @Test
  void personMayNotBorrowUidGroupOrName() {
    Peer ana = new Peer(1, 1000, List.of(1000));
    for (Request.Caller other :
        List.of(
            Samples.caller(0, 1000, "ana"),
            Samples.caller(1001, 1000, "ana"),
            Samples.caller(1000, 0, "ana"),
            Samples.caller(1000, 1000, "root"))) {
      assertThatThrownBy(() -> ana.checkMayActFor(other, ACCOUNTS))
          .isInstanceOfSatisfying(
              KtdException.class,
              failed -> assertThat(failed.code()).isEqualTo(ErrorCode.PERMISSION));
    }
  }

  @Test
  void uidWithoutAccountIsNamedByItsNumber() {
    Peer arbitrary = new Peer(1, 54321, List.of(0));
    assertThatCode(() -> arbitrary.checkMayActFor(Samples.caller(54321, 0, "54321"), ACCOUNTS))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> arbitrary.checkMayActFor(Samples.caller(54321, 0, "ana"), ACCOUNTS))
        .isInstanceOf(KtdException.class);
  }

  @Test
  void ownGroupsAreReadFromTheKernel() throws IOException {
    int pid = Math.toIntExact(ProcessHandle.current().pid());
    int uid = (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    int gid = (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:gid");
    assertThat(Peer.of(pid, uid, gid).gids()).startsWith(gid);
    // A process that has ended adds nothing.
    assertThat(Peer.of(0, uid, gid).gids()).containsExactly(gid);
  }

  @Test
  void accountIsReadFromItsPasswdLine() {
    assertThat(Account.parse("ana:x:1000:1001:Ana,,,:/home/ana:/bin/bash\n"))
        .contains(new Account("ana", 1000, 1001, "/home/ana"));
    assertThat(Account.parse("")).isEmpty();
    assertThat(Account.parse("ana:x:many:1:::")).isEmpty();
  }

  @Test
  void rootHasAnAccountOnThisMachine() {
    assertThat(Account.ofThisMachine().find(0)).map(Account::name).contains("root");
    assertThat(Account.ofThisMachine().find(2_000_000_001)).isEmpty();
  }

  @Test
  void foreignUidIsRefusedEvenIfTheSocketLetsItIn() throws Exception {
    Path socket = openDirectory().resolve("ktd.sock");
    try (ControlServer _ = ControlServer.start(socket, new ScriptedHandler(), "no-such-group")) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
          .isEqualTo("rw-------");
      assertThat(curlAsNobody(List.of(), socket, STATUS, "")).startsWith("exit 7");
      Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
      assertThat(curlAsNobody(List.of(), socket, STATUS, ""))
          .startsWith("exit 0")
          .contains("uid 65534 may not use", "\"code\":\"PERMISSION\"")
          .endsWith("403");
    }
  }

  @Test
  void memberOfTheGroupIsServedForItselfOnly() throws Exception {
    Path socket = openDirectory().resolve("ktd.sock");
    ScriptedHandler handler = new ScriptedHandler();
    try (ControlServer _ = ControlServer.start(socket, handler, "daemon")) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
          .isEqualTo("rw-rw----");
      String gid = Files.getAttribute(socket, "unix:gid").toString();
      List<String> group = List.of("--groups", gid);
      assertThat(curlAsNobody(group, socket, STATUS, "")).contains("\"IDLE\"").endsWith("200");

      String forRoot = new String(ControlJson.write(Samples.up()), StandardCharsets.UTF_8);
      assertThat(curlAsNobody(group, socket, "POST /v1/up", forRoot))
          .contains("may not connect for root")
          .endsWith("403");
      assertThat(handler.ups).isEmpty();

      String own =
          forRoot.replace(
              "\"uid\":0,\"gid\":0,\"name\":\"root\"",
              "\"uid\":65534,\"gid\":65534,\"name\":\"nobody\"");
      assertThat(curlAsNobody(group, socket, "POST /v1/up", own))
          .contains("{\"event\":\"finished\",\"text\":\"Connected.\"}")
          .endsWith("200");
    }
  }

  private Path openDirectory() throws IOException {
    assumeTrue(
        Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "only root can be others");
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/setpriv")), "needs setpriv (util-linux)");
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/curl")), "needs curl");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    return directory;
  }

  /** What curl, run as nobody, prints, then the HTTP status. */
  private static String curlAsNobody(
      List<String> groups, Path socket, String methodAndPath, String body) throws Exception {
    String[] parts = methodAndPath.split(" ", 2);
    List<String> command = new ArrayList<>(List.of("setpriv", "--reuid=65534", "--regid=65534"));
    command.addAll(groups.isEmpty() ? List.of("--clear-groups") : groups);
    command.addAll(
        List.of("curl", "-s", "-m", "20", "-w", "%{http_code}", "-X", parts[0], "--unix-socket"));
    command.addAll(List.of(socket.toString(), "http://ktd" + parts[1]));
    if (!body.isEmpty()) {
      command.addAll(List.of("--data-binary", body));
    }
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return "exit " + process.exitValue() + "\n" + output;
  }
}
