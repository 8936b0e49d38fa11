package dev.ktd.packet;

/** Checks that generated tests make millions of times: nothing is formatted unless one fails. */
public final class Expect {
  private Expect() {}

  /** Fails with a text as of {@link String#formatted} unless {@code holds}. */
  @SuppressWarnings("AnnotateFormatMethod") // The annotation would be one more dependency.
  public static void that(boolean holds, String otherwise, Object... values) {
    if (!holds) {
      throw new AssertionError(otherwise.formatted(values));
    }
  }
}
