package dev.ktd.cli;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;

/** Reads {@code 90s}, {@code 1m30s}, {@code 1.5m} (Go) and {@code PT90S} (ISO 8601). */
final class Durations implements CommandLine.ITypeConverter<Duration> {
  private static final Pattern PART = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,9})?)(ms|s|m|h)");

  @Override
  public Duration convert(String text) {
    if (text.startsWith("P")) {
      try {
        return Duration.parse(text);
      } catch (DateTimeParseException | ArithmeticException _) {
        throw wrong(text);
      }
    }
    Duration sum = Duration.ZERO;
    Matcher part = PART.matcher(text);
    int end = 0;
    while (part.find() && part.start() == end) {
      BigDecimal unit = BigDecimal.valueOf(millisOf(part.group(2)));
      sum = sum.plusMillis(new BigDecimal(part.group(1)).multiply(unit).longValue());
      end = part.end();
    }
    if (end == 0 || end != text.length()) {
      throw wrong(text);
    }
    return sum;
  }

  private static long millisOf(String unit) {
    return switch (unit) {
      case "ms" -> 1;
      case "s" -> 1000;
      case "m" -> 60_000;
      default -> 3_600_000;
    };
  }

  private static CommandLine.TypeConversionException wrong(String text) {
    return new CommandLine.TypeConversionException(
        "'" + text + "' is not a duration such as 30s, 5m or 1m30s");
  }
}
