package dev.ktd.control;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The socket in the file system: its directory, its rights, and the proof that no other daemon has
 * it. A lock beside the socket, which the kernel drops with the process, decides between two
 * daemons that start at once; a stale socket alone cannot. Blocks.
 */
final class SocketFile implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SocketFile.class);

  private final Path socket;
  private final FileChannel lock;

  private SocketFile(Path socket, FileChannel lock) {
    this.socket = socket;
    this.lock = lock;
  }

  /** Makes the directory and the path free; bind next. Throws CONFLICT or STATE. */
  static SocketFile claim(Path socket) {
    Path directory = socket.toAbsolutePath().getParent();
    if (directory == null) {
      throw new IllegalArgumentException("no directory: " + socket);
    }
    try {
      makeDirectory(directory);
      FileChannel lock = lock(socket);
      try {
        removeStale(socket);
      } catch (IOException | RuntimeException failed) {
        lock.close();
        throw failed;
      }
      return new SocketFile(socket, lock);
    } catch (IOException failed) {
      throw unwritable(socket, failed);
    }
  }

  static KtdException unwritable(Path socket, Throwable cause) {
    return new KtdException(
        ErrorCode.STATE,
        "the control socket %s cannot be made: %s.".formatted(socket, reason(cause)),
        "The daemon needs root and a writable %s. Try:  sudo ktd up"
            .formatted(socket.toAbsolutePath().getParent()),
        cause);
  }

  private static String reason(Throwable cause) {
    String message = cause.getMessage();
    return switch (cause) {
      case java.nio.file.AccessDeniedException denied -> "permission denied: " + denied.getFile();
      case java.nio.file.FileAlreadyExistsException file -> file.getFile() + " is no directory";
      case java.nio.file.FileSystemException file ->
          file.getReason() == null ? String.valueOf(message) : file.getReason();
      default -> message == null ? cause.getClass().getSimpleName() : message;
    };
  }

  private static void makeDirectory(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(directory);
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    if (Files.getPosixFilePermissions(directory).contains(PosixFilePermission.OTHERS_WRITE)) {
      throw new KtdException(
          ErrorCode.STATE,
          "everybody may write to %s, so the control socket there could be anybody's."
              .formatted(directory),
          "Repair it:  sudo chmod 0755 " + directory);
    }
  }

  private static FileChannel lock(Path socket) throws IOException {
    Path file = socket.resolveSibling(socket.getFileName() + ".lock");
    FileChannel channel =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      if (channel.tryLock() != null) {
        return channel;
      }
    } catch (OverlappingFileLockException _) {
      // Another server of this very process; the same conflict.
    } catch (IOException failed) {
      channel.close();
      throw failed;
    }
    channel.close();
    throw conflict(socket);
  }

  private static void removeStale(Path socket) throws IOException {
    if (!Files.exists(socket, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    if (!Files.readAttributes(socket, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .isOther()) {
      throw new KtdException(
          ErrorCode.STATE,
          "%s is in the way of the control socket and is no socket.".formatted(socket),
          "Look at it and remove it:  ls -l " + socket);
    }
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      probe.connect(UnixDomainSocketAddress.of(socket));
    } catch (IOException _) {
      LOG.debug("removing {}, which no daemon listens on", socket);
      Files.delete(socket);
      return;
    }
    throw conflict(socket);
  }

  private static KtdException conflict(Path socket) {
    return new KtdException(
        ErrorCode.CONFLICT,
        "another ktd daemon runs and has the socket %s.".formatted(socket),
        "See what it does:  ktd status");
  }

  /**
   * Gives the bound socket its rights: 0660 and the group where it exists, else 0600.
   *
   * @return the gid of the group, or null without it
   */
  @Nullable Integer protect(String groupName) throws IOException {
    Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
    try {
      GroupPrincipal group =
          socket
              .getFileSystem()
              .getUserPrincipalLookupService()
              .lookupPrincipalByGroupName(groupName);
      Files.getFileAttributeView(socket, PosixFileAttributeView.class).setGroup(group);
    } catch (UserPrincipalNotFoundException _) {
      return null;
    } catch (IOException refused) {
      LOG.warn("{} stays with its owner alone: its group cannot be set: {}", socket, refused);
      return null;
    }
    Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw----"));
    return (Integer) Files.getAttribute(socket, "unix:gid");
  }

  /** Removes the socket and lets the next daemon have it. */
  @Override
  public void close() {
    try (lock) {
      Files.deleteIfExists(socket);
    } catch (IOException failed) {
      LOG.debug("{} is left behind: {}", socket, failed.toString());
    }
  }
}
