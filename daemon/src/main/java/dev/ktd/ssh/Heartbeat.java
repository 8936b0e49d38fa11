package dev.ktd.ssh;

import java.time.Duration;

/**
 * Keeps the proxy pod alive and tells whether its agent answers: one byte there and back, at least
 * every third of the agent's limit. Made by {@link SshTransport#heartbeat}; on the event loop.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class Heartbeat {
  Heartbeat() {}

  /** What a heartbeat tells. All calls on the event loop. */
  public interface Listener {
    /** The agent has introduced itself. Called at most once. */
    void introduced(AgentInfo agent);

    /** No answer for so long; called again after each further beat that is not answered. */
    void unanswered(Duration silence);

    /** The subsystem ended: the agent is gone, or the transport. Called at most once, and last. */
    void ended(String why);
  }

  /** Last round trip to the agent in milliseconds; NaN before the first. Any thread. */
  public double rttMillis() {
    throw new UnsupportedOperationException("not yet");
  }

  /** Sends no more beats; the pod ends itself when its limit has passed. */
  public void stop() {
    throw new UnsupportedOperationException("not yet");
  }
}
