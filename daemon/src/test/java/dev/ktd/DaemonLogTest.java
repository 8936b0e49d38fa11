package dev.ktd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

final class DaemonLogTest {
  private static final Logger OURS = Logger.getLogger("dev.ktd");
  private final Level before = OURS.getLevel();

  @AfterEach
  void restore() {
    OURS.setLevel(before);
  }

  @ParameterizedTest
  @CsvSource({"trace, true, true", "DEBUG, false, true", "info, false, false", ", false, false"})
  void theWordIsTheLevelOfOurLoggers(String word, boolean trace, boolean debug) {
    DaemonLog.setLevel(word);
    org.slf4j.Logger logger = LoggerFactory.getLogger("dev.ktd.relay.Some");
    assertThat(logger.isTraceEnabled()).isEqualTo(trace);
    assertThat(logger.isDebugEnabled()).isEqualTo(debug);
    assertThat(logger.isInfoEnabled()).isTrue();
  }

  @Test
  void anotherWordIsInfo() {
    OURS.setFilter(line -> false);
    try {
      DaemonLog.setLevel("loud");
    } finally {
      OURS.setFilter(null);
    }
    assertThat(OURS.getLevel()).isEqualTo(Level.INFO);
  }
}
