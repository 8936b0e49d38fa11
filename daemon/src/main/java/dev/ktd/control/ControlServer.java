package dev.ktd.control;

import dev.ktd.error.KtdException;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.PeerCredentials;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.timeout.ReadTimeoutHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The daemon's end of the control socket: HTTP/1.1 over a Unix socket, JSON bodies.
 *
 * <p>{@code POST /v1/up} and {@code POST /v1/down} answer a stream of {@link Event}s, one JSON
 * object a line; {@code GET /v1/status} answers a {@link StatusReport}. One request a connection.
 * The peer is root or in the group {@link ControlSocket#GROUP} (SO_PEERCRED, unix(7)). A request
 * runs on a virtual thread of its own; an {@code up} is interrupted when the client closes its
 * sending half or goes away.
 *
 * <p>Threads: {@link #start} and {@link #close} block; call them from any thread but the loop's.
 */
public final class ControlServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);
  private static final int MAX_HEADER = 8 * 1024;
  // Only to send the request; the answer may take as long as it wants.
  private static final int REQUEST_TIMEOUT_SECONDS = 10;
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);

  private final SocketFile file;
  private final Requests requests;
  private final EventLoopGroup loop;
  private final @Nullable EventLoopGroup ownLoop;
  private final Channel listener;
  private final @Nullable Integer groupId;
  private final AtomicBoolean closed = new AtomicBoolean();

  private ControlServer(
      Path socket,
      RequestHandler handler,
      String group,
      EventLoopGroup loop,
      @Nullable EventLoopGroup ownLoop) {
    this.loop = loop;
    this.ownLoop = ownLoop;
    file = SocketFile.claim(socket);
    requests = new Requests(handler, Account.ofThisMachine());
    Channel bound = null;
    try {
      bound =
          new ServerBootstrap()
              .group(loop)
              .channel(EpollServerDomainSocketChannel.class)
              // Nobody is accepted before the socket has its rights.
              .option(ChannelOption.AUTO_READ, false)
              .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
              .childHandler(new Connections())
              .bind(new DomainSocketAddress(socket.toFile()))
              .syncUninterruptibly()
              .channel();
      groupId = file.protect(group);
      listener = bound;
    } catch (Exception failed) { // Netty throws the unchecked cause of a failed bind
      if (bound != null) {
        bound.close().syncUninterruptibly();
      }
      file.close();
      throw SocketFile.unwritable(socket, failed);
    }
    listener.config().setAutoRead(true);
    LOG.info("control socket {} is open for root{}", socket, groupId == null ? "" : " and group");
  }

  /**
   * Binds {@code socket} with an event loop of its own; accepts when this returns.
   *
   * @throws KtdException CONFLICT when a living daemon has the socket, STATE when the directory
   *     cannot be written
   */
  public static ControlServer start(Path socket, RequestHandler handler) {
    return start(socket, handler, ControlSocket.GROUP);
  }

  /** For tests: another group than that of the installed daemon. */
  static ControlServer start(Path socket, RequestHandler handler, String group) {
    EventLoopGroup loop =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("ktd-control", true), EpollIoHandler.newFactory());
    try {
      return new ControlServer(socket, handler, group, loop, loop);
    } catch (KtdException failed) {
      end(loop);
      throw failed;
    }
  }

  /** The same on a given loop with epoll transport, which the caller ends. */
  public static ControlServer start(Path socket, RequestHandler handler, EventLoopGroup loop) {
    return new ControlServer(socket, handler, ControlSocket.GROUP, loop, null);
  }

  /**
   * Stops accepting, removes the socket, interrupts the requests that still run, waits for them (10
   * s at most) and closes their connections. Repeating it does nothing.
   */
  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    listener.close().syncUninterruptibly();
    file.close();
    requests.close(CLOSE_LIMIT);
    // Last words wait on the loop as tasks, and a loop that ends closes its channels before it runs
    // its tasks.
    for (EventExecutor each : loop) {
      each.submit(() -> {}).syncUninterruptibly();
    }
    if (ownLoop != null) {
      end(ownLoop);
    }
  }

  private static void end(EventLoopGroup loop) {
    loop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private boolean isAllowed(Peer peer) {
    return peer.isRoot() || (groupId != null && peer.gids().contains(groupId));
  }

  private final class Connections extends ChannelInitializer<EpollDomainSocketChannel> {
    @Override
    protected void initChannel(EpollDomainSocketChannel channel) throws IOException {
      PeerCredentials credentials = channel.peerCredentials();
      Peer peer = Peer.of(credentials.pid(), credentials.uid(), credentials.gids()[0]);
      channel
          .pipeline()
          .addLast(new ReadTimeoutHandler(REQUEST_TIMEOUT_SECONDS))
          .addLast(new HttpServerCodec(4096, MAX_HEADER, MAX_HEADER))
          .addLast(new BoundedRequest())
          .addLast(new ControlConnection(peer, isAllowed(peer), requests));
    }
  }
}
