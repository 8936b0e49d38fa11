package dev.ktd.os.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.CommandRunner;
import dev.ktd.os.Person;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinuxCommandsTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  private final LinuxCommands commands = new LinuxCommands();

  private CommandRunner.Result shell(String script, String input) {
    return commands.run(List.of("sh", "-c", script), input, LONG);
  }

  private static void assumeRoot() {
    assumeTrue(System.getProperty("user.name").equals("root"), "needs root");
  }

  @Test
  void outputErrorsAndStatusComeBack() {
    assertThat(shell("cat; echo oops >&2; exit 3", "hello"))
        .isEqualTo(new CommandRunner.Result(3, "hello", "oops\n"));
  }

  @Test
  void argumentsAreNotSeenByAShell() {
    assertThat(commands.run(List.of("echo", "$HOME; `id`"), "", LONG).output())
        .isEqualTo("$HOME; `id`\n");
  }

  @Test
  void nothingOfTheDaemonsEnvironmentIsPassedOn() {
    assertThat(commands.run(List.of("env"), "", LONG).output().lines())
        .allMatch(line -> line.startsWith("PATH=") || line.equals("LC_ALL=C"));
  }

  /**
   * What virtual readers would do shows only after more than a minute, so it is the threads that
   * are looked at: getAllStackTraces knows platform threads alone.
   */
  @Test
  void pipesAreReadByPlatformThreads() throws InterruptedException {
    Set<Thread> before = readers(); // of programs of other tests that were just ended
    Thread running =
        Thread.ofVirtual().start(() -> commands.run(List.of("sleep", "600"), "", LONG));
    Set<Thread> ours = Set.of();
    while (ours.size() < 2 && running.isAlive()) {
      ours = readers();
      ours.removeAll(before);
    }
    running.interrupt();
    running.join();
    assertThat(ours).as("one for its output, one for its errors").hasSize(2);
  }

  private static Set<Thread> readers() {
    Set<Thread> all = new HashSet<>(Thread.getAllStackTraces().keySet());
    all.removeIf(thread -> !thread.getName().equals("ktd-pipe-read"));
    return all;
  }

  @Test
  void aProgramThatOutlivesItsLimitIsEnded() {
    assertThatThrownBy(() -> commands.run(List.of("sleep", "600"), "", Duration.ofMillis(50)))
        .isInstanceOfSatisfying(
            KtdException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TIMEOUT));
  }

  @Test
  void tooMuchOutputIsAFailure() {
    assertThatThrownBy(() -> shell("head -c 5000000 /dev/zero", ""))
        .isInstanceOf(KtdException.class)
        .hasMessageContaining("more than 4194304 bytes");
  }

  @Test
  void aMissingProgramIsNamed() {
    assertThatThrownBy(() -> commands.run(List.of("no-such-program"), "", LONG))
        .isInstanceOf(KtdException.class)
        .hasMessageContaining("no-such-program");
  }

  @Test
  void aPersonsCommandRunsWithTheirIdentityAndEnvironmentOnly() {
    assumeRoot();
    var nobody = new Person(65534, 65534, "nobody", "/nonexistent", "/usr/bin:/bin");
    CommandRunner.Result result =
        commands.runAs(
            nobody,
            List.of("sh", "-c", "id -u; id -g; grep CapEff /proc/self/status; env | sort; cat"),
            Map.of("KUBERNETES_EXEC_INFO", "{}"),
            "input",
            LONG);
    assertThat(result.errors()).isEmpty();
    assertThat(result.output().lines().filter(line -> !line.matches("(PWD|_|SHLVL|OLDPWD)=.*")))
        .containsExactly(
            "65534",
            "65534",
            "CapEff:\t0000000000000000",
            "HOME=/nonexistent",
            "KUBERNETES_EXEC_INFO={}",
            "LOGNAME=nobody",
            "PATH=/usr/bin:/bin",
            "USER=nobody",
            "input");
  }

  @Test
  void aPersonsEnvironmentDoesNotReachAProgramThatIsStillRoot(@TempDir Path directory)
      throws IOException {
    assumeRoot();
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
    var nobody = new Person(65534, 65534, "nobody", "/nonexistent", "/usr/bin:/bin");
    // ld.so(8): each program that sees these writes a file, with the rights it has.
    commands.runAs(
        nobody,
        List.of("true"),
        Map.of("LD_DEBUG", "files", "LD_DEBUG_OUTPUT", directory.resolve("trace").toString()),
        "",
        LONG);
    try (Stream<Path> traces = Files.list(directory)) {
      assertThat(traces)
          .isNotEmpty()
          .allSatisfy(trace -> assertThat(Files.getAttribute(trace, "unix:uid")).isEqualTo(65534));
    }
  }

  @Test
  void valuesOfTheEnvironmentArriveAsTheyAreAndInNoArgument() {
    assumeRoot();
    var nobody = new Person(65534, 65534, "nobody", "/nonexistent", "/usr/bin:/bin");
    String value = "it's \"$HOME\" `id`\n\nsecond \\ line\t";
    CommandRunner.Result result =
        commands.runAs(
            nobody,
            List.of("sh", "-c", "printf %s \"$TOKEN\"; cat /proc/$$/cmdline | tr '\\0' ' '"),
            Map.of("TOKEN", value),
            "",
            LONG);
    assertThat(result.errors()).isEmpty();
    assertThat(result.output()).startsWith(value);
    assertThat(result.output().substring(value.length())).doesNotContain("second");
  }

  @Test
  void aVariableThatIsNoNameIsRefused() {
    var self = new Person(0, 0, "root", "/root", "/bin");
    assertThatThrownBy(
            () -> commands.runAs(self, List.of("true"), Map.of("A=1; id", "x"), "", LONG))
        .isInstanceOfSatisfying(
            KtdException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CREDENTIALS));
  }

  @Test
  void aPersonsMissingProgramEndsWith127() {
    assumeRoot();
    var nobody = new Person(65534, 65534, "nobody", "/nonexistent", "/usr/bin:/bin");
    assertThat(commands.runAs(nobody, List.of("no-such-program"), Map.of(), "", LONG).exitStatus())
        .isEqualTo(127);
  }

  @Test
  void rootForItselfFindsProgramsInItsOwnPath() {
    assumeRoot();
    var root = new Person(0, 0, "root", "/root", "/bin:/usr/bin");
    assertThat(commands.runAs(root, List.of("sh", "-c", "echo $HOME"), Map.of(), "", LONG).output())
        .isEqualTo("/root\n");
  }
}
