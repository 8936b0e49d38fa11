package dev.ktd.os;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.zip.CRC32;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The undo journal: what was changed on this host and is not yet undone. A change is on the disk
 * before it is made, so that whatever ends the daemon, the next one knows what to put back.
 *
 * <p>One line for each change: a word for its kind, its fields, a CRC-32 of what precedes. A line
 * that was torn by a crash has no right sum and is passed over: its change was never made.
 *
 * <p>Any thread; calls block on the disk.
 */
public final class Journal {
  private static final Logger log = LoggerFactory.getLogger(Journal.class);

  private static final int MAX_BYTES = 1 << 20;

  private final Path directory;
  private final Path file;

  /**
   * @param directory made with mode 0700 when needed, e.g. {@code /var/lib/ktd}; the file in it is
   *     {@code journal}
   */
  public Journal(Path directory) {
    this.directory = directory;
    this.file = directory.resolve("journal");
  }

  /**
   * Remembers a change that is about to be made; returns when it is on the disk. A change that is
   * already there is not written twice.
   *
   * @throws KtdException STATE when it cannot be written: the change must then not be made
   */
  public synchronized void append(Change change) {
    if (pending().contains(change)) {
      return;
    }
    try {
      makeDirectory();
      write(file, separated(line(change)), Set.of(StandardOpenOption.APPEND));
      sync(directory);
    } catch (IOException e) {
      throw unwritable(e);
    }
  }

  /** Strikes out a change that was undone. Repeatable. */
  public synchronized void forget(Change change) {
    List<Change> left = new ArrayList<>(pending());
    if (!left.remove(change)) {
      return;
    }
    try {
      if (left.isEmpty()) {
        Files.deleteIfExists(file);
      } else {
        var text = new StringBuilder();
        left.forEach(each -> text.append(line(each)));
        Path fresh = directory.resolve("journal.new");
        write(fresh, text.toString(), Set.of(StandardOpenOption.TRUNCATE_EXISTING));
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
      }
      sync(directory);
    } catch (IOException e) {
      throw unwritable(e);
    }
  }

  /**
   * What is not undone, oldest first; empty when there is no journal.
   *
   * @throws KtdException STATE when there is one and it cannot be read
   */
  public synchronized List<Change> pending() {
    String text;
    try {
      if (Files.exists(file) && Files.size(file) > MAX_BYTES) {
        throw new IOException("it is larger than " + MAX_BYTES + " bytes");
      }
      text = Files.readString(file, ISO_8859_1);
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw new KtdException(
          ErrorCode.STATE,
          "cannot read the undo journal " + file + ": " + reason(e),
          "Run it as root, or look at the file and remove it.",
          e);
    }
    List<Change> changes = new ArrayList<>();
    for (String line : text.split("\n", -1)) {
      if (!line.isEmpty()) {
        change(line)
            .ifPresentOrElse(changes::add, () -> log.warn("{}: passed over a torn line", file));
      }
    }
    return List.copyOf(changes);
  }

  /**
   * Does {@code work} while no other process does the same: for what reads the journal and then
   * acts on it. Waits for the other. Not to be nested.
   *
   * @throws KtdException STATE when the lock cannot be made
   */
  public synchronized <T> T alone(Supplier<T> work) {
    try {
      makeDirectory();
      try (FileChannel channel = lockFile();
          FileLock _ = channel.lock()) {
        return work.get();
      }
    } catch (IOException e) {
      throw unwritable(e);
    }
  }

  private FileChannel lockFile() throws IOException {
    return FileChannel.open(
        directory.resolve("lock"),
        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
  }

  private void makeDirectory() throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    // It may have been made by a package with wider rights; resolv.conf's bytes are nobody's
    // secret, but who could write here could have root write any file.
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
  }

  /** Begins on a line of its own, also after a torn one. */
  private String separated(String line) throws IOException {
    if (Files.exists(file)) {
      byte[] bytes = Files.readAllBytes(file);
      if (bytes.length > 0 && bytes[bytes.length - 1] != '\n') {
        return "\n" + line;
      }
    }
    return line;
  }

  private static void write(Path path, String text, Set<StandardOpenOption> how)
      throws IOException {
    Set<StandardOpenOption> options = new java.util.HashSet<>(how);
    options.add(StandardOpenOption.CREATE);
    options.add(StandardOpenOption.WRITE);
    try (FileChannel channel =
        FileChannel.open(
            path,
            options,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(ISO_8859_1));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
  }

  /** A new or renamed file is only sure once its directory is on the disk too: fsync(2). */
  private static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static String line(Change change) {
    String text =
        switch (change) {
          case Change.DaemonRuns(long pid, String identity) ->
              "daemon " + pid + " " + escape(identity);
          case Change.DeviceMade(String name) -> "device " + escape(name);
          case Change.RoutesAdded(int protocol) -> "routes " + protocol;
          case Change.FileReplaced(Path path, String original) ->
              "file "
                  + escape(path.toString())
                  + " "
                  + (original == null
                      ? "absent"
                      : "=" + Base64.getEncoder().encodeToString(original.getBytes(ISO_8859_1)));
        };
    return text + " " + sum(text) + "\n";
  }

  private static Optional<Change> change(String line) {
    int end = line.lastIndexOf(' ');
    if (end < 0 || !sum(line.substring(0, end)).equals(line.substring(end + 1))) {
      return Optional.empty();
    }
    String[] fields = line.substring(0, end).split(" ", -1);
    try {
      return switch (fields[0]) {
        case "daemon" ->
            Optional.of(new Change.DaemonRuns(Long.parseLong(fields[1]), unescape(fields[2])));
        case "device" -> Optional.of(new Change.DeviceMade(unescape(fields[1])));
        case "routes" -> Optional.of(new Change.RoutesAdded(Integer.parseInt(fields[1])));
        case "file" ->
            Optional.of(
                new Change.FileReplaced(
                    Path.of(unescape(fields[1])),
                    fields[2].equals("absent")
                        ? null
                        : new String(
                            Base64.getDecoder().decode(fields[2].substring(1)), ISO_8859_1)));
        default -> Optional.empty();
      };
    } catch (RuntimeException e) {
      return Optional.empty(); // A right sum around nonsense: written by another version.
    }
  }

  private static String escape(String field) {
    return URLEncoder.encode(field, UTF_8).replace("%2F", "/");
  }

  private static String unescape(String field) {
    return URLDecoder.decode(field, UTF_8);
  }

  private static String sum(String text) {
    var crc = new CRC32();
    crc.update(text.getBytes(ISO_8859_1));
    return "%08x".formatted(crc.getValue());
  }

  private KtdException unwritable(IOException e) {
    return new KtdException(
        ErrorCode.STATE,
        "cannot write the undo journal " + file + ": " + reason(e) + "; nothing was changed",
        "ktd needs root and a writable " + directory + ".",
        e);
  }

  private static String reason(IOException e) {
    return e.getClass().getSimpleName().replace("Exception", "") + " " + e.getMessage();
  }
}
