package dev.ktd.cli;

import dev.ktd.control.ControlClient;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Starts {@code ktd daemon --on-demand} in a session of its own (setsid(1)), so that neither Ctrl-C
 * nor the end of the terminal reaches it; it says what it has to say in a log that only root reads.
 */
final class DetachedDaemon implements DaemonStarter {
  private static final Path LOG = Path.of("/var/log/ktd/daemon.log");
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final long POLL_MILLIS = 25;
  private static final long AGAIN_MILLIS = 250;
  private static final long MAX_LOG = 4L * 1024 * 1024;
  private static final int TAIL_BYTES = 8 * 1024;
  private static final int TAIL_LINES = 8;

  // The daemon gets nothing of the person's environment, least of all credentials.
  private static final List<String> KEPT = List.of("LANG", "LC_ALL", "JAVA_HOME");

  private final @Nullable String launcher;
  private final Path log;
  private final Duration limit;
  private final ControlClient client;
  private final Map<String, String> environment;

  DetachedDaemon(
      @Nullable String launcher,
      Path log,
      Duration limit,
      ControlClient client,
      Map<String, String> environment) {
    this.launcher = launcher;
    this.log = log;
    this.limit = limit;
    this.client = client;
    this.environment = environment;
  }

  static DetachedDaemon ofThisProgram(ControlClient client, Map<String, String> environment) {
    return new DetachedDaemon(System.getProperty("ktd.launcher"), LOG, LIMIT, client, environment);
  }

  @Override
  public void start() throws InterruptedException {
    if (launcher == null) {
      throw new KtdException(
          ErrorCode.INTERNAL,
          "the daemon cannot be started: the property ktd.launcher does not name the program.",
          "Start it in another terminal:  sudo ktd daemon");
    }
    long deadline = System.nanoTime() + limit.toNanos();
    try {
      prepareLog();
      while (!launched(launcher, deadline)) {
        Thread.sleep(AGAIN_MILLIS);
      }
    } catch (IOException failed) {
      throw new KtdException(
          ErrorCode.STATE,
          "the daemon cannot be started: " + failed.getMessage(),
          "Start it in another terminal:  sudo ktd daemon",
          failed);
    }
  }

  private Process launch(String program) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(setsid(), program, "daemon", "--on-demand")
            .directory(new File("/"))
            .redirectInput(new File("/dev/null"))
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .redirectErrorStream(true);
    Map<String, String> given = builder.environment();
    given.clear();
    environment.forEach(
        (name, value) -> {
          if (KEPT.contains(name) || name.startsWith("KTD_")) {
            given.put(name, value);
          }
        });
    given.put("PATH", CallerResolver.SECURE_PATH);
    given.put("HOME", "/root");
    return builder.start();
  }

  /** Root must not look for it in a PATH that the person may have chosen. */
  private static String setsid() throws IOException {
    return Stream.of(CallerResolver.SECURE_PATH.split(":"))
        .map(folder -> Path.of(folder, "setsid"))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow(() -> new IOException("setsid is not installed (package util-linux)"))
        .toString();
  }

  /** False when another daemon, which is about to end, still has the socket or the journal. */
  private boolean launched(String program, long deadline) throws InterruptedException, IOException {
    long begin = Files.size(log);
    try {
      await(launch(program), deadline, begin);
      return true;
    } catch (KtdException failed) {
      if (failed.code() == ErrorCode.CONFLICT && System.nanoTime() < deadline) {
        return false;
      }
      throw failed;
    }
  }

  private void await(Process daemon, long deadline, long begin)
      throws InterruptedException, IOException {
    while (!client.isRunning()) {
      // Asked once more after its end: another daemon may have been quicker.
      if (daemon.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS) && !client.isRunning()) {
        throw failed("ended with status " + daemon.exitValue(), codeOf(daemon.exitValue()), begin);
      }
      if (System.nanoTime() > deadline) {
        daemon.destroy();
        throw failed("does not answer after " + limit.toSeconds() + " s", ErrorCode.TIMEOUT, begin);
      }
    }
  }

  /** The daemon ends with the statuses of the command line; of each the most general code. */
  private static ErrorCode codeOf(int exitStatus) {
    return switch (exitStatus) {
      case 5 -> ErrorCode.STATE;
      case 7 -> ErrorCode.CONFLICT;
      default -> ErrorCode.INTERNAL;
    };
  }

  private KtdException failed(String how, ErrorCode code, long begin) throws IOException {
    String said = tail(begin);
    return new KtdException(
        code,
        "the ktd daemon was started and " + how + (said.isEmpty() ? "." : ". It said:\n" + said),
        "The whole log:  sudo less " + log);
  }

  /** The last lines of what this daemon wrote. */
  private String tail(long begin) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
      long from = Math.max(begin, file.length() - TAIL_BYTES);
      byte[] bytes = new byte[(int) Math.max(0, file.length() - from)];
      file.seek(from);
      file.readFully(bytes);
      List<String> lines = new String(bytes, StandardCharsets.UTF_8).strip().lines().toList();
      return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
    }
  }

  private void prepareLog() throws IOException {
    Path directory = Objects.requireNonNull(log.getParent(), "the log has a directory");
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      Files.createDirectories(directory);
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-x---"));
    }
    // In some systems /var/log is a group's: who made the directory could aim us at any file.
    Set<PosixFilePermission> rights = Files.getPosixFilePermissions(directory);
    if (!Files.getOwner(directory).equals(Files.getOwner(Path.of("/proc/self")))
        || rights.contains(PosixFilePermission.GROUP_WRITE)
        || rights.contains(PosixFilePermission.OTHERS_WRITE)) {
      throw new IOException("others than root may write to " + directory);
    }
    if (Files.exists(log) && Files.size(log) > MAX_LOG) {
      Files.move(
          log,
          log.resolveSibling(log.getFileName() + ".1"),
          StandardCopyOption.REPLACE_EXISTING,
          StandardCopyOption.ATOMIC_MOVE);
    }
    Set<PosixFilePermission> ownerOnly = PosixFilePermissions.fromString("rw-------");
    if (Files.notExists(log)) {
      Files.createFile(log, PosixFilePermissions.asFileAttribute(ownerOnly));
    } else {
      Files.setPosixFilePermissions(log, ownerOnly);
    }
  }
}
