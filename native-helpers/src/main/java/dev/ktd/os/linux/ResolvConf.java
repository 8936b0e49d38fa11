package dev.ktd.os.linux;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.Change;
import dev.ktd.os.HostResolver;
import dev.ktd.os.Journal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hosts whose C library reads a plain resolv.conf(5): our server goes first, those of the host stay
 * behind it. The original is in the journal before the file changes.
 */
final class ResolvConf implements HostResolver {
  private static final Logger log = LoggerFactory.getLogger(ResolvConf.class);

  private static final int MAX_BYTES = 256 * 1024;

  private final Path path;
  private final Journal journal;

  ResolvConf(Path path, Journal journal) {
    this.path = path;
    this.journal = journal;
  }

  @Override
  public Current current() {
    String text = read();
    ResolvConfText original = new ResolvConfText(text == null ? "" : text).original();
    return new Current("resolv.conf", original.servers(), original.search());
  }

  @Override
  public void apply(Wanted wanted) {
    String now = read();
    var text = new ResolvConfText(now == null ? "" : now);
    Optional<Change.FileReplaced> known = record();
    String original =
        text.isOurs() && known.isPresent()
            ? known.get().original()
            : now == null ? null : text.original().text();
    String merged = new ResolvConfText(original == null ? "" : original).with(wanted).text();
    if (merged.equals(now) && known.isPresent()) {
      return;
    }
    var change = new Change.FileReplaced(path, original);
    journal.append(change);
    // Somebody wrote the file anew since: what they wrote is the original now.
    known.filter(old -> !old.equals(change)).ifPresent(journal::forget);
    try {
      write(merged, "point the host's names at ktd");
    } catch (KtdException e) {
      if (Objects.equals(read(), now)) {
        journal.forget(change);
      }
      throw e;
    }
  }

  @Override
  public void reset() {
    undo().ifPresent(log::info);
  }

  /**
   * Puts back the original where the file is still ours.
   *
   * @return what was done, or why not; empty when nothing was ours
   */
  Optional<String> undo() {
    Optional<Change.FileReplaced> known = record();
    String now = read();
    var text = new ResolvConfText(now == null ? "" : now);
    Optional<String> done;
    if (text.isOurs()) {
      String original = known.isPresent() ? known.get().original() : text.original().text();
      if (original == null) {
        delete();
      } else {
        write(original, "restore the host's own name servers");
      }
      done = Optional.of("restored " + path);
    } else {
      done = known.map(_ -> "left " + path + " as it is: another program has rewritten it");
    }
    known.ifPresent(journal::forget);
    return done;
  }

  /** The latest of our records of this file. */
  private Optional<Change.FileReplaced> record() {
    Change.FileReplaced found = null;
    for (Change change : journal.pending()) {
      if (change instanceof Change.FileReplaced file && file.path().equals(path)) {
        found = file;
      }
    }
    return Optional.ofNullable(found);
  }

  /** Null when there is no file, or a link to none. */
  private @Nullable String read() {
    try {
      if (Files.size(path) > MAX_BYTES) {
        throw new IOException("it is larger than " + MAX_BYTES + " bytes");
      }
      return Files.readString(path, ISO_8859_1);
    } catch (NoSuchFileException e) {
      return null;
    } catch (IOException e) {
      throw new KtdException(ErrorCode.DNS, "cannot read " + path + ": " + reason(e), null, e);
    }
  }

  /**
   * By renaming, so that no program ever reads half a file; in place where that cannot be: the file
   * is a mount of its own (containers, {@code ip netns exec}) or a link to another program's file.
   */
  private void write(String text, String purpose) {
    try {
      if (Files.isSymbolicLink(path) || !rename(text)) {
        overwrite(text);
      }
    } catch (IOException e) {
      throw new KtdException(
          ErrorCode.DNS, "cannot " + purpose + ": writing " + path + ": " + reason(e), hint(e), e);
    }
  }

  private boolean rename(String text) {
    Path fresh = path.resolveSibling(path.getFileName() + ".ktd");
    try {
      Set<PosixFilePermission> rights =
          Files.exists(path)
              ? Files.getPosixFilePermissions(path)
              : PosixFilePermissions.fromString("rw-r--r--");
      Files.deleteIfExists(fresh);
      try (FileChannel channel =
          FileChannel.open(fresh, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        writeAll(channel, text);
      }
      Files.setPosixFilePermissions(fresh, rights);
      Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
      return true;
    } catch (IOException e) {
      log.debug("{} cannot be replaced, is written in place: {}", path, reason(e));
      try {
        Files.deleteIfExists(fresh);
      } catch (IOException _) {
        // The directory may be read-only: then there is nothing to delete either.
      }
      return false;
    }
  }

  private void overwrite(String text) throws IOException {
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      // Cut after writing, not before: a reader between the two must not find an empty file.
      writeAll(channel, text);
      channel.truncate(text.length());
    }
  }

  private static void writeAll(FileChannel channel, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(ISO_8859_1));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
    channel.force(true);
  }

  private void delete() {
    try {
      Files.deleteIfExists(Files.isSymbolicLink(path) ? path.toRealPath() : path);
    } catch (IOException e) {
      throw new KtdException(ErrorCode.DNS, "cannot remove " + path + ": " + reason(e), hint(e), e);
    }
  }

  private @Nullable String hint(IOException e) {
    String reason = reason(e);
    if (reason.contains("Read-only file system")) {
      return "The file system is read-only: make " + path + " writable, e.g. mount a file over it.";
    }
    return List.of("Operation not permitted", "Permission denied").contains(reason)
        ? "It may be immutable; look:  lsattr " + path + "        and:  sudo chattr -i " + path
        : null;
  }

  private static String reason(IOException e) {
    if (e instanceof FileSystemException file && file.getReason() != null) {
      return file.getReason();
    }
    return e.getClass().getSimpleName() + " " + e.getMessage();
  }
}
