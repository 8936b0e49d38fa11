package dev.ktd.ssh;

import dev.ktd.carrier.Carrier;
import dev.ktd.error.KtdException;
import dev.ktd.relay.Datagrams;
import dev.ktd.relay.Dialer;
import io.netty.channel.EventLoop;

/**
 * One SSH connection over one {@link Carrier}, and all that goes through it.
 *
 * <p>Everything runs on the event loop given to {@link #start}. Only {@link #start} and {@link
 * #close} may be called from any thread, and the figures ({@link #openChannels} to {@link
 * #rttMillis}) may be read from any.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class SshTransport {
  private SshTransport() {}

  /** Starts to open a carrier for a listener: {@code PortForward.open} with its arguments bound. */
  @FunctionalInterface
  public interface CarrierOpener {
    Carrier open(EventLoop loop, Carrier.Listener listener);
  }

  /** What a transport tells its owner. All calls on the event loop. */
  public interface Listener {
    /** Authenticated: flows may be dialled. Called at most once. */
    void ready(SshTransport transport);

    /**
     * The transport is gone, or never came up; every flow has heard of it already. Called exactly
     * once, and last.
     */
    void closed(SshTransport transport, KtdException why);
  }

  /**
   * Opens a carrier and an SSH connection on it. Takes some hundred milliseconds the first time
   * (class loading), so not on the loop.
   */
  public static SshTransport start(
      EventLoop loop, SshSettings settings, CarrierOpener opener, Listener listener) {
    throw new UnsupportedOperationException("not yet");
  }

  /**
   * Opens TCP flows by {@code direct-tcpip}. Fails with NO_TUNNEL before ready and after closed.
   */
  public Dialer dialer() {
    throw new UnsupportedOperationException("not yet");
  }

  /** UDP and ping through the agent; its subsystem is opened with the first use. */
  public Datagrams datagrams() {
    throw new UnsupportedOperationException("not yet");
  }

  /**
   * Starts the heartbeat that keeps the proxy pod alive; call it once, after ready, on the loop.
   */
  public Heartbeat heartbeat(Heartbeat.Listener listener) {
    throw new UnsupportedOperationException("not yet");
  }

  /** TCP flows being opened or open. */
  public int openChannels() {
    throw new UnsupportedOperationException("not yet");
  }

  /** Bytes given to the carrier, SSH's own included. */
  public long bytesUp() {
    throw new UnsupportedOperationException("not yet");
  }

  /** Bytes that came from the carrier, SSH's own included. */
  public long bytesDown() {
    throw new UnsupportedOperationException("not yet");
  }

  /** Last round trip to the proxy's sshd in milliseconds; NaN before the first. */
  public double rttMillis() {
    throw new UnsupportedOperationException("not yet");
  }

  /** Ends the connection and every flow on it. Any thread, repeatable. */
  public void close() {
    throw new UnsupportedOperationException("not yet");
  }
}
