package dev.ktd.carrier;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The message of a Kubernetes Status object, or a short plain text. A whole JSON parser belongs to
 * other packages; this finds the one string and gives up on anything odd.
 */
final class StatusText {
  private static final int LIMIT = 500;
  private static final Pattern STATUS =
      Pattern.compile("\\A\\s*\\{.*\"kind\"\\s*:\\s*\"Status\"", Pattern.DOTALL);

  private StatusText() {}

  /** Never longer than a few lines; null where there is nothing to show. */
  static @Nullable String message(String body) {
    String trimmed = body.strip();
    if (trimmed.isEmpty()) {
      return null;
    }
    if (!trimmed.startsWith("{")) {
      return trimmed.startsWith("<") ? null : printable(trimmed);
    }
    int key = trimmed.indexOf("\"message\"");
    if (key < 0) {
      return null;
    }
    int quote = trimmed.indexOf('"', key + "\"message\"".length());
    if (quote < 0) {
      return null;
    }
    StringBuilder text = new StringBuilder();
    for (int i = quote + 1; i < trimmed.length() && text.length() < LIMIT; i++) {
      char c = trimmed.charAt(i);
      if (c == '"') {
        break;
      }
      if (c == '\\' && i + 1 < trimmed.length()) {
        i++;
        c = trimmed.charAt(i);
        if (c == 'u' && i + 4 < trimmed.length()) {
          c = unicode(trimmed.substring(i + 1, i + 5));
          i += 4;
        } else if (c == 'n' || c == 't' || c == 'r') {
          c = ' ';
        }
      }
      text.append(c);
    }
    return printable(text.toString());
  }

  /** Whether this is a Kubernetes Status object, so an API server's own answer. */
  static boolean isStatus(String body) {
    return STATUS.matcher(body).find();
  }

  private static char unicode(String hex) {
    try {
      return (char) Integer.parseInt(hex, 16);
    } catch (NumberFormatException _) {
      return '?';
    }
  }

  /** A server's words go to a terminal: no control characters. */
  static String printable(String text) {
    String clean = text.replaceAll("\\p{Cntrl}+", " ").strip();
    return clean.length() > LIMIT ? clean.substring(0, LIMIT) + "..." : clean;
  }
}
