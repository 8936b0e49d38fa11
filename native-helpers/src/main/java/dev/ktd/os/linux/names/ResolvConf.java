package dev.ktd.os.linux.names;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.Change;
import dev.ktd.os.Change.Original;
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
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hosts whose C library reads a plain resolv.conf(5): our server goes first, those of the host stay
 * behind it. The original is in the journal before the file changes.
 *
 * <p>A link to another program's file is replaced by a file of ours, so that the other program goes
 * on writing its own, and can be read there. Where that cannot be (the file is a mount of its own,
 * the directory is read-only), the file is written in place.
 */
final class ResolvConf implements NameSetter {
  private static final Logger log = LoggerFactory.getLogger(ResolvConf.class);

  private static final int MAX_BYTES = 256 * 1024;

  private final Path path;
  private final Journal journal;

  ResolvConf(Path path, Journal journal) {
    this.path = path;
    this.journal = journal;
  }

  /** What the file would say without us; empty when there is none. */
  ResolvConfText withoutUs() {
    return textOf(originalBehind(now()));
  }

  /** Where the file leads as a link when it is not ours; null when it is none. */
  @Nullable String link() {
    return originalBehind(now()) instanceof Original.Link(String target) ? target : null;
  }

  /** The bytes that programs read now; null when there is no file, or a link to none. */
  @Nullable String read() {
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

  @Override
  public void apply(HostResolver.Wanted wanted) {
    Original now = now();
    Original original = originalBehind(now);
    ResolvConfText ours = textOf(original).with(wanted);
    if (original instanceof Original.Link(String target)) {
      ours = ours.insteadOf(target);
    }
    Optional<Change.FileReplaced> known = record();
    if (now.equals(new Original.Text(ours.text())) && known.isPresent()) {
      return;
    }
    var change = new Change.FileReplaced(path, original);
    journal.append(change);
    // Somebody wrote the file anew since: what they wrote is the original now.
    known.filter(old -> !old.equals(change)).ifPresent(journal::forget);
    try {
      if (!rename(ours.text())) {
        inPlace(wanted, change);
      }
    } catch (IOException e) {
      if (now.equals(now())) {
        record().ifPresent(journal::forget);
      }
      throw failure("point the host's names at ktd", e);
    }
  }

  /** Through a link its target is written: that file's bytes are the original then. */
  private void inPlace(HostResolver.Wanted wanted, Change.FileReplaced change) throws IOException {
    String found = read();
    String below = found == null ? "" : new ResolvConfText(found).original().text();
    if (change.original() instanceof Original.Link) {
      var written =
          new Change.FileReplaced(
              path, found == null ? new Original.Absent() : new Original.Text(below));
      journal.append(written);
      journal.forget(change);
    }
    overwrite(new ResolvConfText(below).with(wanted).text());
  }

  @Override
  public void undo() {
    restore().ifPresent(log::info);
  }

  /**
   * Puts back the original where the file is still ours.
   *
   * @return what was done, or why not; empty when nothing was ours
   */
  Optional<String> restore() {
    Optional<Change.FileReplaced> known = record();
    Original now = now();
    Optional<String> done;
    if (isOurs(now)) {
      restore(originalBehind(now));
      done = Optional.of("restored " + path);
    } else {
      done = known.map(_ -> "left " + path + " as it is: another program has rewritten it");
    }
    known.ifPresent(journal::forget);
    return done;
  }

  private void restore(Original original) {
    try {
      switch (original) {
        case Original.Absent _ ->
            Files.deleteIfExists(Files.isSymbolicLink(path) ? path.toRealPath() : path);
        case Original.Link(String target) -> relink(Path.of(target));
        case Original.Text(String text) -> {
          if (Files.isSymbolicLink(path) || !rename(text)) {
            overwrite(text);
          }
        }
      }
    } catch (IOException e) {
      throw failure("restore the host's own name servers", e);
    }
  }

  private void relink(Path target) throws IOException {
    Path fresh = fresh();
    Files.deleteIfExists(fresh);
    Files.createSymbolicLink(fresh, target);
    Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
  }

  /** What is at the path, ours or not. */
  private Original now() {
    try {
      if (Files.isSymbolicLink(path) && !isOurs(read())) {
        return new Original.Link(Files.readSymbolicLink(path).toString());
      }
    } catch (IOException e) {
      throw new KtdException(ErrorCode.DNS, "cannot read " + path + ": " + reason(e), null, e);
    }
    String text = read();
    return text == null ? new Original.Absent() : new Original.Text(text);
  }

  /** What was there before us: {@code now} itself where it is not ours. */
  private Original originalBehind(Original now) {
    if (!(now instanceof Original.Text(String text)) || !isOurs(text)) {
      return now;
    }
    Optional<Change.FileReplaced> known = record();
    if (known.isPresent()) {
      return known.get().original();
    }
    var ours = new ResolvConfText(text);
    String target = ours.link();
    return target == null ? new Original.Text(ours.original().text()) : new Original.Link(target);
  }

  private ResolvConfText textOf(Original original) {
    return switch (original) {
      case Original.Absent _ -> new ResolvConfText("");
      case Original.Text(String text) -> new ResolvConfText(text).original();
      case Original.Link(String target) -> {
        String text = new ResolvConf(path.resolveSibling(target), journal).read();
        yield new ResolvConfText(text == null ? "" : text).original();
      }
    };
  }

  private static boolean isOurs(Original original) {
    return original instanceof Original.Text(String text) && isOurs(text);
  }

  private static boolean isOurs(@Nullable String text) {
    return text != null && new ResolvConfText(text).isOurs();
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

  /**
   * So that no program ever reads half a file.
   *
   * @return false when it cannot be: the file is a mount of its own (containers, {@code ip netns
   *     exec}), or its directory is read-only
   * @throws IOException when the text cannot be written, as on a full disk: nor could it be in
   *     place
   */
  private boolean rename(String text) throws IOException {
    Path fresh = fresh();
    if (!create(fresh)) {
      return false;
    }
    try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
      writeAll(channel, text);
      Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
      return true;
    } catch (FileSystemException e) { // of the move
      log.debug("{} cannot be replaced, is written in place: {}", path, reason(e));
      Files.deleteIfExists(fresh);
      return false;
    } catch (IOException e) {
      Files.deleteIfExists(fresh);
      throw e;
    }
  }

  /** With the rights that the file has; false when there can be no file in that directory. */
  private boolean create(Path fresh) {
    try {
      Set<PosixFilePermission> rights =
          Files.exists(path)
              ? Files.getPosixFilePermissions(path)
              : PosixFilePermissions.fromString("rw-r--r--");
      Files.deleteIfExists(fresh);
      Files.createFile(fresh);
      Files.setPosixFilePermissions(fresh, rights);
      return true;
    } catch (IOException e) {
      log.debug("no file can be beside {}: {}", path, reason(e));
      return false;
    }
  }

  private Path fresh() {
    return path.resolveSibling(path.getFileName() + ".ktd");
  }

  private void overwrite(String text) throws IOException {
    String before = read();
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      try {
        // Cut after writing, not before: a reader between the two must not find an empty file.
        writeAll(channel, text);
        channel.truncate(text.length());
      } catch (IOException e) {
        // The disk may be full; what was there has its place.
        String kept = before == null ? "" : before;
        channel.position(0);
        writeAll(channel, kept);
        channel.truncate(kept.length());
        throw e;
      }
    }
  }

  private static void writeAll(FileChannel channel, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(ISO_8859_1));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
    channel.force(true);
  }

  private KtdException failure(String purpose, IOException e) {
    return new KtdException(
        ErrorCode.DNS, "cannot " + purpose + ": writing " + path + ": " + reason(e), hint(e), e);
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
