package dev.ktd.k8s;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** Reads what a kubeconfig holds inline as base64 or names as a file. */
final class ReferencedFiles {
  private final FileSource files;

  ReferencedFiles(FileSource files) {
    this.files = files;
  }

  /**
   * PEM text; null when the entry has neither. The inline form wins, as with kubectl.
   *
   * @param key the kubeconfig's key for the file; with {@code -data} for the inline form
   */
  @Nullable String pem(
      KubeContext.Named<?> entry, String key, @Nullable String data, @Nullable String path) {
    String text;
    String source;
    if (data != null && !data.isEmpty()) {
      source = describe(entry, key + "-data");
      try {
        text = new String(Base64.getMimeDecoder().decode(data), StandardCharsets.US_ASCII);
      } catch (IllegalArgumentException _) {
        throw unusable(source + " is not base64.", entry);
      }
    } else if (path != null && !path.isEmpty()) {
      source = describe(entry, key + " " + absolute(entry, path));
      text = text(entry, key, path);
    } else {
      return null;
    }
    if (!text.contains("-----BEGIN ")) {
      throw unusable(source + " is not PEM.", entry);
    }
    return text;
  }

  /** The file's text, trimmed. */
  String text(KubeContext.Named<?> entry, String key, String path) {
    Path file = absolute(entry, path);
    try {
      return new String(files.read(file), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new KtdException(
          ErrorCode.KUBECONFIG,
          describe(entry, key + " " + file) + " cannot be read: " + reason(e) + ".",
          "Check:  ls -l " + file,
          e);
    }
  }

  /** Relative paths refer to the directory of the kubeconfig that names them. */
  static Path absolute(KubeContext.Named<?> entry, String path) {
    Path directory = entry.file().getParent();
    return directory == null ? Path.of(path) : directory.resolve(path).normalize();
  }

  private static String describe(KubeContext.Named<?> entry, String what) {
    return what + " of " + Kubeconfig.quoted(entry.name()) + " in " + entry.file();
  }

  private static KtdException unusable(String what, KubeContext.Named<?> entry) {
    return new KtdException(ErrorCode.KUBECONFIG, what, "Correct it in " + entry.file() + ".");
  }

  static String reason(IOException e) {
    return switch (e) {
      case NoSuchFileException _, FileNotFoundException _ -> "no such file";
      case AccessDeniedException _ -> "permission denied";
      default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    };
  }
}
