package dev.ktd.bench.figures;

import java.util.List;

/**
 * A picture of ratios: a line for each thing measured, on it a dot for each candidate with a bar
 * from its least to its most. All lines share one logarithmic axis, in whose middle stands the
 * measure of all.
 *
 * @param notes lines of small print below
 * @param measure whose ratios are 1
 * @param columns headings of what stands behind the lines
 */
public record Chart(
    String title, List<String> notes, String measure, List<String> columns, List<Group> groups) {

  public record Group(String name, List<Line> lines) {}

  /**
   * One thing measured.
   *
   * @param cells one for each column
   */
  public record Line(String label, List<Dot> dots, List<String> cells) {}

  /** How many times as good as the measure a candidate is: above 1 is better. */
  public record Dot(String candidate, double median, double least, double most) {

    /**
     * @param ratios of a figure to the measure's
     * @param moreIsBetter whether a large figure is a good one
     */
    public static Dot of(String candidate, Results.Series ratios, boolean moreIsBetter) {
      return moreIsBetter
          ? new Dot(candidate, ratios.median(), ratios.min(), ratios.max())
          : new Dot(candidate, 1 / ratios.median(), 1 / ratios.max(), 1 / ratios.min());
    }
  }

  /** All who have a dot, in the order in which they first occur. */
  public List<String> candidates() {
    return groups.stream()
        .flatMap(group -> group.lines().stream())
        .flatMap(line -> line.dots().stream())
        .map(Dot::candidate)
        .distinct()
        .toList();
  }
}
