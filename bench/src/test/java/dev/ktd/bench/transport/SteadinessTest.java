package dev.ktd.bench.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.bench.figures.Results;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SteadinessTest {
  private static final int SAMPLES = 80;
  private static final double SLACK = 10;

  private static boolean flat(int samples, IntToDoubleFunction value) {
    var rounds =
        IntStream.range(0, samples)
            .mapToObj(i -> new Results.Round(i, value.applyAsDouble(i), Map.of(), ""))
            .toList();
    return Steadiness.judge(Results.Series.of("RSS", "MB", rounds), SLACK).met();
  }

  @Test
  void whatStaysIsFlat() {
    assertThat(flat(SAMPLES, _ -> 100)).isTrue();
    assertThat(flat(SAMPLES, _ -> 0)).isTrue();
  }

  @Test
  void whatGrowsAllTheTimeIsNot() {
    assertThat(flat(SAMPLES, i -> 100 + i)).isFalse();
  }

  @Test
  void whatBeginsToGrowInTheMiddleIsNot() {
    assertThat(flat(SAMPLES, i -> i < SAMPLES / 2 ? 100 : 100 + (i - SAMPLES / 2.0))).isFalse();
  }

  @Test
  void growthWithinTheSlackIsFlatAndJustBeyondItIsNot() {
    // 10 % of 100, and the slack of 10.
    assertThat(flat(SAMPLES, i -> i < SAMPLES / 2 ? 100 : 120)).isTrue();
    assertThat(flat(SAMPLES, i -> i < SAMPLES / 2 ? 100 : 120.1)).isFalse();
  }

  @Test
  void filledCachesAreNoGrowth() {
    assertThat(flat(SAMPLES, i -> Math.min(200, 100 + 10.0 * i))).isTrue();
  }

  @Test
  void loadThatComesAndGoesIsFlat() {
    var random = new SplittableRandom(7);
    assertThat(flat(SAMPLES, _ -> 100 + random.nextDouble(60))).isTrue();
  }

  @Test
  void aLeakUnderSuchLoadIsSeen() {
    var random = new SplittableRandom(7);
    assertThat(flat(SAMPLES, i -> 100 + random.nextDouble(60) + i)).isFalse();
  }

  @Test
  void whatShrinksIsFlat() {
    assertThat(flat(SAMPLES, i -> 200.0 - i)).isTrue();
  }

  @Test
  void oneSpikeIsNoGrowth() {
    assertThat(flat(SAMPLES, i -> i == SAMPLES - 1 ? 10_000 : 100)).isTrue();
  }

  @Test
  void tooFewSamplesAreNoVerdict() {
    assertThatThrownBy(() -> flat(7, _ -> 1)).isInstanceOf(IllegalArgumentException.class);
  }
}
