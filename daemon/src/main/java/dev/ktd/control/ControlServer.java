package dev.ktd.control;

import io.netty.channel.EventLoopGroup;
import java.nio.file.Path;

/**
 * The daemon's end of the control socket: HTTP/1.1 over a Unix socket, JSON bodies.
 *
 * <p>{@code POST /v1/up} and {@code POST /v1/down} answer a stream of {@link Event}s, one JSON
 * object a line; {@code GET /v1/status} answers a {@link StatusReport}. The peer is root or in the
 * group {@link ControlSocket#GROUP} (SO_PEERCRED, unix(7)). A request runs on a virtual thread of
 * its own, interrupted when the client closes its sending half or goes away.
 *
 * <p>Threads: {@link #start} and {@link #close} block; call them from any thread but the loop's.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class ControlServer implements AutoCloseable {
  private ControlServer() {}

  /**
   * Binds {@code socket} with an event loop of its own; accepts when this returns.
   *
   * @throws dev.ktd.error.KtdException CONFLICT when a living daemon has the socket, STATE when the
   *     directory cannot be written
   */
  public static ControlServer start(Path socket, RequestHandler handler) {
    throw new UnsupportedOperationException();
  }

  /** The same on a given loop with epoll transport, which the caller ends. */
  public static ControlServer start(Path socket, RequestHandler handler, EventLoopGroup loop) {
    throw new UnsupportedOperationException();
  }

  /**
   * Stops accepting, removes the socket, interrupts the requests that still run, waits for them (10
   * s at most) and closes their connections. Repeating it does nothing.
   */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
