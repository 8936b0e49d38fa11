package dev.ktd.dns;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Message;

/** What became of a question that was asked of another server. */
sealed interface Outcome {
  /**
   * A server answered, with whatever response code.
   *
   * @param message the answer; shared, not to be changed
   * @param server whose it is; null: it was kept from an earlier question
   */
  record Answered(Message message, @Nullable InetSocketAddress server) implements Outcome {
    boolean cached() {
      return server == null;
    }
  }

  /** No server answered; {@code why} is for the log. */
  record Failed(String why) implements Outcome {}
}
