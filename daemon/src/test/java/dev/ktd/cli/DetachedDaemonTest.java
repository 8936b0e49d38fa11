package dev.ktd.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.control.ControlClient;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
final class DetachedDaemonTest {
  @TempDir private Path directory;

  @Test
  void daemonThatEndsIsToldWithItsLastLines() throws IOException {
    assertThatThrownBy(() -> daemon("echo one; echo two >&2; exit 5", 10).start())
        .isInstanceOfSatisfying(
            KtdException.class,
            failed -> {
              assertThat(failed.code()).isEqualTo(ErrorCode.STATE);
              assertThat(failed).hasMessageContaining("status 5").hasMessageEndingWith("one\ntwo");
              assertThat(failed.hint()).contains("daemon.log");
            });
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(log())))
        .isEqualTo("rw-------");
    assertThatThrownBy(() -> daemon("echo three; exit 1", 10).start())
        .hasMessageEndingWith("It said:\nthree");
  }

  @Test
  void daemonThatIsSilentIsGivenUp() {
    assertThatThrownBy(() -> daemon("exec sleep 60", 0).start())
        .isInstanceOfSatisfying(
            KtdException.class, failed -> assertThat(failed.code()).isEqualTo(ErrorCode.TIMEOUT));
  }

  @Test
  void daemonHasItsOwnSessionAndNothingOfThePersonsEnvironment() throws Exception {
    Path seen = directory.resolve("seen");
    String script =
        "{ env | sort; echo \"args $*\"; readlink /proc/$$/fd/0; pwd; cut -d' ' -f1,6 /proc/$$/stat; }"
            + " > "
            + seen
            + "; exit 1";
    assertThatThrownBy(() -> daemon(script, 10).start()).isInstanceOf(KtdException.class);
    assertThat(seen)
        .content()
        .contains("HOME=/root\n", "KTD_DEBUG=1\n", "PATH=" + CallerResolver.SECURE_PATH + "\n")
        .contains("args daemon --on-demand\n/dev/null\n/\n")
        .doesNotContain("AWS_SECRET");
    // Fields 1 and 6 of proc_pid_stat(5): its session bears its own number.
    String[] ids = Files.readAllLines(seen).getLast().split(" ", 2);
    assertThat(ids[0]).isEqualTo(ids[1]);
  }

  @Test
  void programWithoutLauncherSaysHowToGoOn() {
    DetachedDaemon none =
        new DetachedDaemon(
            null,
            log(),
            Duration.ofSeconds(1),
            new ControlClient(directory.resolve("ktd.sock")),
            Map.of());
    assertThatThrownBy(none::start)
        .isInstanceOfSatisfying(
            KtdException.class, failed -> assertThat(failed.hint()).contains("sudo ktd daemon"));
  }

  @Test
  void logDirectoryOfOthersIsNotWrittenTo() throws IOException {
    Path shared = Files.createDirectory(directory.resolve("log"));
    Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxr-x"));
    assertThatThrownBy(() -> daemon("exit 0", 10).start())
        .isInstanceOfSatisfying(
            KtdException.class, failed -> assertThat(failed.code()).isEqualTo(ErrorCode.STATE))
        .hasMessageContaining("may write to " + shared);
    assertThat(log()).doesNotExist();
  }

  private Path log() {
    return directory.resolve("log/daemon.log");
  }

  private DetachedDaemon daemon(String script, int seconds) throws IOException {
    Path launcher = directory.resolve("ktd");
    Files.writeString(launcher, "#!/bin/sh\n" + script + "\n");
    Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
    return new DetachedDaemon(
        launcher.toString(),
        log(),
        Duration.ofSeconds(seconds),
        new ControlClient(directory.resolve("ktd.sock")),
        Map.of("PATH", "/usr/bin:/bin", "KTD_DEBUG", "1", "AWS_SECRET_ACCESS_KEY", "s"));
  }
}
