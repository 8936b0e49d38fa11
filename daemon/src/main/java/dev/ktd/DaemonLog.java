package dev.ktd;

import java.util.Locale;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * How much the daemon's own classes say: {@code KTD_LOG=warn|info|debug|trace}, in the words of
 * SLF4J. At {@code trace} every packet is a line. Libraries stay at WARN.
 */
final class DaemonLog {
  /** Held here: java.util.logging forgets a logger, and its level, that nobody else holds. */
  private static final Logger OURS = Logger.getLogger("dev.ktd");

  private static final Map<String, Level> LEVELS =
      Map.of("warn", Level.WARNING, "info", Level.INFO, "debug", Level.FINE, "trace", Level.FINEST);

  private DaemonLog() {}

  /**
   * Sets the level of all loggers of ours.
   *
   * @param wanted null or empty: INFO; a word that is none of the four: INFO, and a line that says
   *     so
   */
  static void setLevel(@Nullable String wanted) {
    String word = wanted == null || wanted.isEmpty() ? "info" : wanted.toLowerCase(Locale.ROOT);
    Level level = LEVELS.getOrDefault(word, Level.INFO);
    OURS.setLevel(level);
    for (Handler handler : Logger.getLogger("").getHandlers()) {
      handler.setLevel(Level.ALL); // The loggers decide.
    }
    if (!LEVELS.containsKey(word)) {
      OURS.warning("KTD_LOG=" + wanted + " is none of warn, info, debug, trace; info is taken");
    }
  }
}
