package dev.ktd.k8s;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.fabric8.kubernetes.api.model.Config;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/**
 * Parses one kubeconfig file by fabric8's own YAML reader and tells mistakes in a person's words.
 */
final class KubeconfigParser {
  /** As snakeyaml writes it: the position, and below it an excerpt. */
  private static final Pattern POSITION = Pattern.compile("line (\\d+), column (\\d+)");

  private final FileSource files;
  private final KubernetesSerialization serialization = new KubernetesSerialization();

  KubeconfigParser(FileSource files) {
    this.files = files;
  }

  /** The file's content, an empty one for an empty file, null when it does not exist. */
  @Nullable Config parse(Path path) {
    byte[] bytes;
    try {
      bytes = files.read(path);
    } catch (NoSuchFileException _) {
      return null;
    } catch (IOException e) {
      throw new KtdException(
          ErrorCode.KUBECONFIG,
          "the kubeconfig " + path + " cannot be read: " + ReferencedFiles.reason(e) + ".",
          "Check:  ls -l " + path,
          e);
    }
    if (new String(bytes, StandardCharsets.UTF_8).isBlank()) {
      return new Config();
    }
    try {
      Config config = serialization.unmarshal(new ByteArrayInputStream(bytes), Config.class);
      return config == null ? new Config() : config;
    } catch (RuntimeException e) {
      throw malformed(path, e);
    }
  }

  // The parsers quote what they read, which may be a token: only position and rule are told.
  private static KtdException malformed(Path path, RuntimeException failure) {
    for (Throwable e = failure; e != null; e = e.getCause()) {
      String message = e.getMessage() == null ? "" : e.getMessage();
      var position = POSITION.matcher(message);
      MatchResult place = last(position);
      if (!(e instanceof JacksonException) && place != null) {
        return new KtdException(
            ErrorCode.KUBECONFIG,
            "the kubeconfig "
                + path
                + " is not valid YAML: line "
                + place.group(1)
                + ", column "
                + place.group(2)
                + ": "
                + rule(message)
                + ".",
            "Correct that line.");
      }
      if (e instanceof JacksonException json && !json.getPath().isEmpty()) {
        return new KtdException(
            ErrorCode.KUBECONFIG,
            "the kubeconfig " + path + " is malformed: " + where(json) + " has the wrong form.",
            "Compare with:  kubectl config view --kubeconfig " + path);
      }
    }
    return new KtdException(
        ErrorCode.KUBECONFIG,
        "the kubeconfig " + path + " is not a kubeconfig.",
        "Compare with:  kubectl config view --kubeconfig " + path);
  }

  /** The first position is where the construct began, the last where it broke. */
  private static @Nullable MatchResult last(Matcher positions) {
    return positions.results().reduce((_, next) -> next).orElse(null);
  }

  /** The sentences of snakeyaml's message: neither positions nor (indented) excerpts. */
  private static String rule(String message) {
    return message
        .lines()
        .filter(line -> !line.isBlank() && !Character.isWhitespace(line.charAt(0)))
        .collect(Collectors.joining(", "));
  }

  private static String where(JacksonException e) {
    var text = new StringBuilder();
    for (var step : e.getPath()) {
      if (step.getPropertyName() != null) {
        text.append(text.isEmpty() ? "" : ".").append(step.getPropertyName());
      } else {
        text.append('[').append(step.getIndex()).append(']');
      }
    }
    return text.toString();
  }
}
