package dev.ktd.os;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;

class JournalTest {
  private static final Change DAEMON = new Change.DaemonRuns(4711, "boot id:12 34");
  private static final Change DEVICE = new Change.DeviceMade("ktd0");
  private static final Change ROUTES = new Change.RoutesAdded(107);
  private static final Change FILE =
      new Change.FileReplaced(
          Path.of("/etc/with space+plus%/resolv.conf"), "nameserver 1.1.1.1\n\u00e4\u0000\t\r\n");
  private static final Change ABSENT = new Change.FileReplaced(Path.of("/etc/resolv.conf"), null);
  private static final Change EMPTY = new Change.FileReplaced(Path.of("/etc/resolv.conf"), "");

  @TempDir Path temporary;
  private Path directory;
  private Journal journal;

  @BeforeEach
  void open() {
    directory = temporary.resolve("lib/ktd");
    journal = new Journal(directory);
  }

  private Path file() {
    return directory.resolve("journal");
  }

  @Test
  void everyKindIsReadBackByTheNextProcess() {
    for (Change change : List.of(DAEMON, DEVICE, ROUTES, FILE, ABSENT, EMPTY)) {
      journal.append(change);
    }
    assertThat(new Journal(directory).pending())
        .containsExactly(DAEMON, DEVICE, ROUTES, FILE, ABSENT, EMPTY);
  }

  @Test
  void withoutAFileNothingIsPending() {
    assertThat(journal.pending()).isEmpty();
  }

  @Test
  void onlyRootMayLookInside() throws IOException {
    journal.append(DEVICE);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
        .isEqualTo("rwx------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
  }

  @Test
  void theSameChangeIsWrittenOnce() {
    journal.append(DEVICE);
    journal.append(DEVICE);
    assertThat(journal.pending()).containsExactly(DEVICE);
  }

  @Test
  void forgettingTheLastRemovesTheFile() {
    journal.append(DEVICE);
    journal.append(FILE);
    journal.forget(DEVICE);
    assertThat(journal.pending()).containsExactly(FILE);
    journal.forget(FILE);
    assertThat(file()).doesNotExist();
    journal.forget(FILE);
  }

  @Test
  void aTornLastLineIsPassedOver() throws IOException {
    journal.append(DEVICE);
    long whole = Files.size(file());
    journal.append(FILE);
    byte[] bytes = Files.readAllBytes(file());
    for (int length = (int) whole; length < bytes.length - 1; length++) {
      Files.write(file(), java.util.Arrays.copyOf(bytes, length));
      assertThat(journal.pending()).as("cut after %d bytes", length).containsExactly(DEVICE);
    }
  }

  @Test
  void aLineAfterATornOneIsRead() throws IOException {
    journal.append(DEVICE);
    Files.writeString(
        file(), Files.readString(file(), ISO_8859_1) + "file /etc/resolv", ISO_8859_1);
    journal.append(ROUTES);
    assertThat(journal.pending()).containsExactly(DEVICE, ROUTES);
  }

  @Test
  void nonsenseIsPassedOver() throws IOException {
    journal.append(DEVICE);
    Files.writeString(file(), "\n\nfoo bar\nrm -rf / 00000000\n" + Files.readString(file()));
    assertThat(journal.pending()).containsExactly(DEVICE);
  }

  @Test
  void anUnwritableDirectoryStopsTheChange() throws IOException {
    Files.createDirectories(directory.getParent());
    Files.writeString(directory, "not a directory");
    assertThatThrownBy(() -> journal.append(DEVICE))
        .isInstanceOfSatisfying(
            KtdException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STATE));
  }

  /** Another process that has the lock until its input ends. */
  static final class Holder {
    private Holder() {}

    static void main(String[] arguments) throws IOException {
      new Journal(Path.of(arguments[0]))
          .alone(
              () -> {
                System.out.println("held");
                try {
                  return System.in.read();
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
  }

  private Process holder() throws IOException {
    String classes =
        Stream.of(Holder.class, Journal.class, Logger.class, NullMarked.class)
            .map(type -> type.getProtectionDomain().getCodeSource().getLocation().getPath())
            .collect(Collectors.joining(":"));
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return new ProcessBuilder(java, "-cp", classes, Holder.class.getName(), directory.toString())
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  @Test
  void workAloneWaitsForAnotherProcess() throws Exception {
    Process other = holder();
    try (BufferedReader output = other.inputReader()) {
      assertThat(output.readLine()).isEqualTo("held");
      var work = new FutureTask<>(() -> journal.alone(() -> "done"));
      Thread.ofPlatform().daemon().start(work);
      assertThatThrownBy(() -> work.get(300, TimeUnit.MILLISECONDS))
          .isInstanceOf(TimeoutException.class);
      other.getOutputStream().close();
      assertThat(work.get(30, TimeUnit.SECONDS)).isEqualTo("done");
    } finally {
      other.destroyForcibly();
    }
  }
}
