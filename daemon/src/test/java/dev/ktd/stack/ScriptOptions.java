package dev.ktd.stack;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;

/** TCP options in the words of a script, and as bytes; on purpose not those of {@code packet}. */
final class ScriptOptions {
  private static final List<String> ORDER = List.of("mss", "sackOK", "wscale", "TS", "sack");

  private ScriptOptions() {}

  /**
   * The bytes of {@code mss 1460,sackOK,wscale 7}, in this order and padded to words with zeros.
   *
   * @param initialSequence that the numbers of {@code sack} are relative to
   */
  static byte[] encode(String text, int initialSequence) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (String option : text.isBlank() ? new String[0] : text.split(",")) {
      String[] words = option.strip().split("\\s+");
      switch (words[0]) {
        case "mss" -> number(header(bytes, 2, 4), Integer.parseInt(words[1]), 2);
        case "wscale" -> number(header(bytes, 3, 3), Integer.parseInt(words[1]), 1);
        case "sackOK" -> header(bytes, 4, 2);
        case "sack" -> sack(bytes, words, initialSequence);
        case "TS" -> {
          number(header(bytes, 8, 10), Long.parseLong(words[1]), 4);
          number(bytes, Long.parseLong(words[2]), 4);
        }
        case "nop" -> number(bytes, 1, 1);
        case "eol" -> number(bytes, 0, 1);
        case "unknown" -> header(bytes, Integer.parseInt(words[1]), 2);
        case "raw" -> bytes.writeBytes(HexFormat.of().parseHex(words[1]));
        default -> throw new AssertionError("unknown option " + option);
      }
    }
    while (bytes.size() % 4 != 0) {
      bytes.write(0);
    }
    return bytes.toByteArray();
  }

  private static void sack(ByteArrayOutputStream bytes, String[] words, int initialSequence) {
    header(bytes, 5, 2 + 8 * (words.length - 1));
    for (int i = 1; i < words.length; i++) {
      String[] edges = words[i].split(":", 2);
      number(bytes, initialSequence + Long.parseLong(edges[0]), 4);
      number(bytes, initialSequence + Long.parseLong(edges[1]), 4);
    }
  }

  private static ByteArrayOutputStream header(ByteArrayOutputStream bytes, int kind, int length) {
    bytes.write(kind);
    bytes.write(length);
    return bytes;
  }

  private static void number(ByteArrayOutputStream bytes, long value, int size) {
    for (int i = size - 1; i >= 0; i--) {
      bytes.write((int) (value >>> (8 * i)));
    }
  }

  /** The words for these bytes, in an order of its own and without padding. */
  static String decode(byte[] bytes, int initialSequence) {
    List<String> options = new ArrayList<>();
    int at = 0;
    while (at < bytes.length && bytes[at] != 0) {
      if (bytes[at] == 1) {
        at++;
        continue;
      }
      int length = at + 1 < bytes.length ? bytes[at + 1] & 0xff : 0;
      if (length < 2 || at + length > bytes.length) {
        throw new AssertionError(
            "the stack sent malformed options " + HexFormat.of().formatHex(bytes));
      }
      options.add(decode(bytes, at, length, initialSequence));
      at += length;
    }
    options.sort(Comparator.comparingInt(option -> ORDER.indexOf(option.split(" ", 2)[0])));
    return String.join(",", options);
  }

  private static String decode(byte[] bytes, int at, int length, int initialSequence) {
    int kind = bytes[at] & 0xff;
    return switch (kind) {
      case 2 -> "mss " + number(bytes, at + 2, length - 2);
      case 3 -> "wscale " + number(bytes, at + 2, length - 2);
      case 4 -> "sackOK";
      case 5 -> sack(bytes, at, length, initialSequence);
      case 8 -> "TS " + number(bytes, at + 2, 4) + " " + number(bytes, at + 6, 4);
      default -> "unknown " + kind;
    };
  }

  private static String sack(byte[] bytes, int at, int length, int initialSequence) {
    StringBuilder text = new StringBuilder("sack");
    for (int edge = at + 2; edge < at + length; edge += 8) {
      int left = (int) number(bytes, edge, 4) - initialSequence;
      int right = (int) number(bytes, edge + 4, 4) - initialSequence;
      text.append(' ').append(Integer.toUnsignedString(left));
      text.append(':').append(Integer.toUnsignedString(right));
    }
    return text.toString();
  }

  private static long number(byte[] bytes, int at, int size) {
    long value = 0;
    for (int i = 0; i < size; i++) {
      value = value << 8 | (bytes[at + i] & 0xff);
    }
    return value;
  }
}
