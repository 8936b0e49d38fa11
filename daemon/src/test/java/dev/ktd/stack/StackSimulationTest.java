package dev.ktd.stack;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A stack and a tiny TCP on both ends of a bad path, with simulated time. What a seed does is the
 * same in every run; {@code -Dktd.seed=N} runs one, {@code -Dktd.seeds=N} the first N.
 */
final class StackSimulationTest {
  private static final long MILLISECOND = 1_000_000;
  private static final List<TinyPeer.Kind> KINDS = List.of(TinyPeer.Kind.values());
  private static final int[] WINDOWS = {20, 500, 16_000};

  static LongStream seeds() {
    Long own = Long.getLong("ktd.seed");
    long usual = Long.getLong("ktd.seeds", 60);
    return own == null ? LongStream.rangeClosed(1, usual) : LongStream.of(own);
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void everyByteArrivesInBothDirectionsAndNothingIsLeft(long seed) {
    Simulation.Setup setup = setup(new SplittableRandom(seed), seed);
    try {
      new Simulation(setup).run();
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError("-Dktd.seed=" + seed + ": " + e.getMessage() + "; " + setup, e);
    }
  }

  private static Simulation.Setup setup(SplittableRandom random, long seed) {
    return new Simulation.Setup(
        seed,
        random.nextBoolean(),
        random.nextBoolean(),
        KINDS.get(random.nextInt(KINDS.size())),
        direction(random),
        direction(random),
        random.nextInt(400_000),
        random.nextInt(400_000),
        WINDOWS[random.nextInt(WINDOWS.length)],
        4096 + random.nextInt(200_000),
        random.nextInt(3) > 0);
  }

  private static SimLink.Model direction(SplittableRandom random) {
    return new SimLink.Model(
        random.nextInt(4) * 0.03,
        random.nextInt(3) * 0.05,
        random.nextInt(3) * 0.05,
        random.nextInt(4) * 0.03,
        50_000 + random.nextLong(2 * MILLISECOND),
        20 * MILLISECOND,
        random.nextBoolean() ? 0 : 100_000_000,
        random.nextBoolean());
  }
}
