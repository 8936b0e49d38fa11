package dev.ktd.control;

import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * The command line's end of the control socket. Blocking, one connection a call, no Netty: it is on
 * the start-up path of each command.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class ControlClient {
  public ControlClient(Path socket) {}

  /** Whether a daemon accepts connections that we may make. */
  public boolean isRunning() {
    throw new UnsupportedOperationException();
  }

  /**
   * Asks for the report.
   *
   * @throws dev.ktd.error.KtdException NOT_CONNECTED without a daemon, PERMISSION when the socket
   *     refuses us, or what the daemon says
   */
  public StatusReport status() {
    throw new UnsupportedOperationException();
  }

  /** Sends the request; its events are read by {@link Call#await}. Throws as {@link #status}. */
  public Call up(Request.Up request) {
    throw new UnsupportedOperationException();
  }

  /** Sends the request; its events are read by {@link Call#await}. Throws as {@link #status}. */
  public Call down() {
    throw new UnsupportedOperationException();
  }

  /** A request under way. */
  public interface Call extends AutoCloseable {
    /**
     * Gives every event but the last to {@code events}, in order, on this thread.
     *
     * @return the text of {@link Event.Finished}
     * @throws dev.ktd.error.KtdException what {@link Event.Failed} says, or INTERNAL when the
     *     daemon went away without a last word
     */
    String await(Consumer<Event> events);

    /** Asks the daemon to stop and undo; {@link #await} then ends with its answer. Any thread. */
    void cancel();

    @Override
    void close();
  }
}
