package dev.ktd.dns;

import org.xbill.DNS.Message;

/** What became of a question that was asked of another server. */
sealed interface Outcome {
  /**
   * A server answered, with whatever response code.
   *
   * @param message the answer; shared, not to be changed
   * @param cached it was there already
   */
  record Answered(Message message, boolean cached) implements Outcome {}

  /** No server answered; {@code why} is for the log. */
  record Failed(String why) implements Outcome {}
}
