package dev.ktd.k8s;

import java.util.Comparator;
import java.util.List;

/** Which of the known names may have been meant. */
final class SimilarNames {
  static final int SHOWN = 5;

  private SimilarNames() {}

  /** The nearest first. */
  static List<String> of(String wanted, List<String> known) {
    int near = Math.max(2, wanted.length() / 3);
    return known.stream()
        .filter(
            name ->
                name.contains(wanted)
                    || (name.length() > 2 && wanted.contains(name))
                    || distance(wanted, name) <= near)
        .sorted(Comparator.comparingInt((String name) -> distance(wanted, name)))
        .limit(SHOWN)
        .toList();
  }

  /** Levenshtein's distance: insertions, deletions and replacements. */
  static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
