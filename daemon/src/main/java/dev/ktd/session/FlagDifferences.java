package dev.ktd.session;

import dev.ktd.control.Request;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a second {@code up} wants otherwise than the session that is there. A flag that it does not
 * give is no wish; {@code --timeout} is about connecting only.
 */
final class FlagDifferences {
  private final List<String> sentences = new ArrayList<>();
  private final List<String> flags = new ArrayList<>();

  private FlagDifferences() {}

  /**
   * Nothing when {@code asked} wants no more than what is there.
   *
   * @throws KtdException CONFLICT, with each flag that differs and the commands that change it
   */
  static void refuse(String title, Request.Up there, Request.Up asked) {
    FlagDifferences found = new FlagDifferences();
    found.repeat("--context", asked.context());
    found.repeat("--namespace", asked.namespace());
    found.compare("--cidr", there.cidrs(), asked.cidrs());
    found.compare("--exclude", there.excludes(), asked.excludes());
    found.compare("--dns-suffix", there.dnsSuffixes(), asked.dnsSuffixes());
    found.compare("--carriers", there.carriers() + "", asked.carriers() + "");
    found.compare("--image", there.image(), asked.image());
    found.compare("--image-pull-secret", there.imagePullSecret(), asked.imagePullSecret());
    found.compare("--resume", there.resumeSeconds() + "s", asked.resumeSeconds() + "s");
    if (!found.sentences.isEmpty()) {
      throw new KtdException(
          ErrorCode.CONFLICT,
          "already connected to "
              + title
              + ", but with other flags: "
              + String.join("; ", found.sentences),
          "Change them:  ktd down && ktd up " + String.join(" ", found.flags));
    }
  }

  /** The same in both, but to be typed again. */
  private void repeat(String flag, @Nullable String asked) {
    if (asked != null) {
      flags.add(flag + " " + asked);
    }
  }

  private void compare(String flag, List<String> there, List<String> asked) {
    // In any order, and once or twice, it is the same wish.
    if (!asked.isEmpty() && !new HashSet<>(there).equals(new HashSet<>(asked))) {
      add(flag, there, asked);
    }
  }

  private void compare(String flag, @Nullable String there, @Nullable String asked) {
    if (asked != null && !asked.equals(there)) {
      add(flag, there == null ? List.of() : List.of(there), List.of(asked));
    }
  }

  private void add(String flag, List<String> there, List<String> asked) {
    sentences.add(
        "%s is %s, not %s"
            .formatted(
                flag,
                there.isEmpty() ? "not given" : String.join(", ", there),
                String.join(", ", asked)));
    asked.forEach(value -> flags.add(flag + " " + value));
  }
}
