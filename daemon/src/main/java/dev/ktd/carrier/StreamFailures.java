package dev.ktd.carrier;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Says in words why a stream to the agent could not be opened, was cut, or is over. */
final class StreamFailures {
  private static final String AGAIN = "Make a new proxy:  ktd down && ktd up";
  private static final String CHECK = "Check the API server:  kubectl get --raw /readyz";

  private StreamFailures() {}

  static KtdException noAgent() {
    return tunnel("what answers on the proxy's port is no ktd-agent", AGAIN);
  }

  static KtdException otherVersion(int theirs, int ours) {
    return tunnel(
        "the agent in the proxy pod speaks version "
            + theirs
            + " of the carrier protocol, this ktd version "
            + ours,
        "Use the proxy image of this version (make image), then:  ktd down && ktd up");
  }

  static KtdException wrongProof() {
    return tunnel(
        "what answers on the proxy's port does not know this session's secret: something else"
            + " answers in the agent's place",
        AGAIN);
  }

  static KtdException malformed(String what) {
    return tunnel("what the agent sent makes no sense: " + what, AGAIN);
  }

  static KtdException noGreeting(Duration patience) {
    return tunnel("no agent greeted within " + words(patience), CHECK);
  }

  static KtdException noAnswer(Duration patience) {
    return tunnel("the agent did not answer within " + words(patience), CHECK);
  }

  static KtdException silent(Duration silence) {
    return tunnel("nothing came for " + words(silence), CHECK);
  }

  static KtdException unknown() {
    return tunnel(
        "the proxy does not know this connection any more: it is another pod, or was out of reach"
            + " for too long",
        null);
  }

  static KtdException lost() {
    return tunnel("the proxy does not have all bytes of this connection any more", null);
  }

  static KtdException busy() {
    return tunnel(
        "the proxy takes no further connection: it has too many, or its sshd could not be started",
        "See the proxy's log, or connect again:  ktd up");
  }

  /** The agent said that it is over, with {@code text} for people. */
  static KtdException closedByAgent(int code, String text) {
    String said = StatusText.printable(text);
    String why =
        switch (code) {
          case 0 -> "the proxy's sshd has ended";
          case 1 -> "the agent in the proxy pod ends";
          case 2 -> "the agent could make no sense of what it got";
          default -> "the agent ended the connection (code " + code + ")";
        };
    return tunnel(said.isEmpty() ? why : why + ": " + said, "See the proxy's log");
  }

  static KtdException limitPassed(Duration limit, @Nullable String last) {
    return tunnel(
        "the proxy could not be reached again for "
            + words(limit)
            + (last == null ? "" : "; the last try: " + last),
        CHECK);
  }

  static KtdException tooMuchKept() {
    return tunnel("too much was written while the proxy was out of reach", null);
  }

  static KtdException closedHere() {
    return new KtdException(
        ErrorCode.NOT_CONNECTED, "the connection to the proxy was closed", null);
  }

  /** What a plain carrier or a route failed of. */
  static KtdException of(Throwable cause) {
    if (cause instanceof KtdException known) {
      return known;
    }
    String message = cause.getMessage();
    return new KtdException(
        ErrorCode.TUNNEL,
        "the way to the proxy failed: "
            + (message == null ? cause.getClass().getSimpleName() : message),
        CHECK,
        cause);
  }

  /** {@code 15 min}, {@code 20 s} or {@code 350 ms}. */
  static String words(Duration time) {
    if (time.compareTo(Duration.ofMinutes(2)) >= 0) {
      return time.toMinutes() + " min";
    }
    if (time.compareTo(Duration.ofSeconds(5)) >= 0 || time.toMillis() % 1000 == 0) {
      return time.toSeconds() + " s";
    }
    return time.toMillis() + " ms";
  }

  private static KtdException tunnel(String what, @Nullable String hint) {
    return new KtdException(ErrorCode.TUNNEL, what, hint);
  }
}
