package dev.ktd.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

final class StatusBoardTest {
  @Test
  void dropsAreTheCountersOfThatPrefixThatAreNotZero() {
    Map<String, Long> counters =
        Map.of("drops.checksum", 2L, "drops.device.eio", 1L, "drops.budget", 0L, "frames.in", 100L);

    assertThat(StatusBoard.drops(counters))
        .containsExactly(Map.entry("checksum", 2L), Map.entry("device.eio", 1L));
  }
}
