package dev.ktd.k8s;

/** Stands where a body is still to be written. */
final class NotYet {
  private NotYet() {}

  @SuppressWarnings({"DoNotCallSuggester", "TypeParameterUnusedInFormals"}) // goes with this class
  static <T> T now() {
    throw new UnsupportedOperationException("not yet");
  }
}
