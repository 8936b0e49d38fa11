package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.packet.Choices;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@link StackEvents} by seed; {@link StackEventsFuzz} has the same by coverage. */
final class StackFuzzTest {
  private static final int DECISIONS = 30_000;

  static LongStream seeds() {
    Long only = Long.getLong("ktd.seed");
    return only == null ? LongStream.rangeClosed(1, 24) : LongStream.of(only);
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void nothingIsThrownAndNothingIsLeft(long seed) {
    Map<String, Long> counters = StackEvents.run(Choices.ofSeed(seed, DECISIONS));

    // It has seen something.
    assertThat(counters.get("tcp.established")).isPositive();
  }
}
