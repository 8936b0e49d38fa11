package dev.ktd.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

final class DurationsTest {
  @ParameterizedTest
  @CsvSource({
    "0s,PT0S",
    "30s,PT30S",
    "5m,PT5M",
    "1m30s,PT1M30S",
    "1.5m,PT1M30S",
    "1h,PT1H",
    "500ms,PT0.5S",
    "PT90S,PT1M30S",
    "999999999h,PT999999999H"
  })
  void goAndIsoStylesAreRead(String text, String iso) {
    assertThat(new Durations().convert(text)).hasToString(iso);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "5", "s", "5 s", "-5s", "5d", "5s!", "x5s", "PT", "P1Y", "9999999999s"})
  void otherTextIsRefused(String text) {
    assertThatThrownBy(() -> new Durations().convert(text))
        .isInstanceOf(CommandLine.TypeConversionException.class)
        .hasMessageContaining("30s, 5m or 1m30s");
  }
}
