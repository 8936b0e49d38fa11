package dev.ktd.control;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The command line's end of the control socket. Blocking, one connection a call, no Netty: it is on
 * the start-up path of each command.
 */
public final class ControlClient {
  private static final byte[] NOTHING = new byte[0];

  private final Path socket;

  public ControlClient(Path socket) {
    this.socket = socket;
  }

  /** Whether a daemon accepts connections; true also when it does not accept ours. */
  public boolean isRunning() {
    try (SocketChannel probe = connect()) {
      return probe.isConnected();
    } catch (KtdException failed) {
      return failed.code() != ErrorCode.NOT_CONNECTED;
    } catch (IOException _) {
      return false;
    }
  }

  /**
   * Asks for the report.
   *
   * @throws KtdException NOT_CONNECTED without a daemon, PERMISSION when the socket refuses us, or
   *     what the daemon says
   */
  public StatusReport status() {
    try (HttpCall call = new HttpCall(connect(), "GET", "/v1/status", NOTHING)) {
      return ControlJson.readReport(call.body());
    }
  }

  /** Sends the request; its events are read by {@link Call#await}. Throws as {@link #status}. */
  public Call up(Request.Up request) {
    return new HttpCall(connect(), "POST", "/v1/up", ControlJson.write(request));
  }

  /** Sends the request; its events are read by {@link Call#await}. Throws as {@link #status}. */
  public Call down() {
    return new HttpCall(connect(), "POST", "/v1/down", NOTHING);
  }

  private SocketChannel connect() {
    SocketChannel channel = null;
    try {
      channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      channel.connect(UnixDomainSocketAddress.of(socket));
      return channel;
    } catch (IOException failed) {
      closeQuietly(channel);
      // The text of the error depends on the locale; the file does not.
      if (Files.exists(socket) && !Files.isWritable(socket)) {
        throw new KtdException(
            ErrorCode.PERMISSION,
            "you may not use the ktd daemon: permission denied on %s.".formatted(socket),
            "Use sudo, or make and join the group, log in again, and let the service run:\n"
                + "sudo groupadd -f %1$s && sudo usermod -aG %1$s $USER && sudo systemctl restart ktd"
                    .formatted(ControlSocket.GROUP),
            failed);
      }
      throw new KtdException(
          ErrorCode.NOT_CONNECTED,
          "not connected: no ktd daemon runs.",
          "Connect:  sudo ktd up",
          failed);
    }
  }

  private static void closeQuietly(@Nullable SocketChannel channel) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException _) {
      // Nothing was sent.
    }
  }

  /** A request under way. */
  public interface Call extends AutoCloseable {
    /**
     * Gives every event but the last to {@code events}, in order, on this thread.
     *
     * @return the text of {@link Event.Finished}
     * @throws KtdException what {@link Event.Failed} says, or INTERNAL when the daemon went away
     *     without a last word
     */
    String await(Consumer<Event> events);

    /** Asks the daemon to stop and undo; {@link #await} then ends with its answer. Any thread. */
    void cancel();

    @Override
    void close();
  }
}
