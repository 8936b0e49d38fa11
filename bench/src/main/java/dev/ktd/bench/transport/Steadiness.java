package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Results.Series;
import dev.ktd.bench.figures.Results.Verdict;
import java.util.List;

/**
 * Whether something that was sampled grows: the median of the last quarter against that of the
 * second one. The first quarter is for caches and pools to fill; medians, because load comes and
 * goes. Something that grows for ever must have grown by more than is allowed in the half of the
 * time that lies between them, or the soak was too short to see it.
 */
final class Steadiness {
  /** What a steady figure may differ by, as a part of itself. */
  private static final double TOLERANCE = 0.1;

  static final int FEWEST_SAMPLES = 8;

  private Steadiness() {}

  /**
   * @param samples in the order of time, {@link #FEWEST_SAMPLES} at least
   * @param slack what it may differ by besides, in its unit
   */
  static Verdict judge(Series samples, double slack) {
    int count = samples.rounds().size();
    if (count < FEWEST_SAMPLES) {
      throw new IllegalArgumentException(samples.name() + " has only " + count + " samples");
    }
    double second = median(samples, count / 4, count / 2);
    double last = median(samples, count - count / 4, count);
    double most = second * (1 + TOLERANCE) + slack;
    return Verdict.most(samples.name() + ", last quarter", last, Row.rounded(most));
  }

  private static double median(Series samples, int from, int to) {
    return Series.of("", "", List.copyOf(samples.rounds().subList(from, to))).median();
  }
}
