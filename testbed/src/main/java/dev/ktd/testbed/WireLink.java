package dev.ktd.testbed;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** One connection through a {@link WireRelay}: two sockets and what is between them. */
final class WireLink {
  private static final int READS_A_TURN = 8;
  private static final long LEAVE_NANOS = 5_000_000_000L;

  private enum State {
    /** The target was not asked yet: a connect takes one round trip. */
    WAITING,
    CONNECTING,
    FLOWING,
    /** FIN went to both; what still comes is thrown away. */
    ENDING,
    CLOSED
  }

  /** One direction. */
  private static final class Way {
    final SocketChannel from;
    final SocketChannel to;
    final DelayLine line = new DelayLine();
    boolean ended;
    boolean endPassedOn;
    boolean blocked;
    long bytes;

    Way(SocketChannel from, SocketChannel to) {
      this.from = from;
      this.to = to;
    }

    void move(long now, boolean canWrite) throws IOException {
      for (int i = 0; i < READS_A_TURN && !ended && !line.isFull(); i++) {
        int count = line.fill(from, now);
        ended = count < 0;
        bytes += Math.max(0, count);
        blocked = canWrite && !line.drain(to, now);
        if (count <= 0) {
          break;
        }
      }
      blocked = canWrite && !line.drain(to, now);
      if (canWrite && ended && line.isEmpty() && !endPassedOn) {
        endPassedOn = true;
        to.shutdownOutput();
      }
    }
  }

  private final SocketChannel client;
  private final SocketChannel server;
  private final SelectionKey clientKey;
  private final SelectionKey serverKey;
  private final Way up;
  private final Way down;
  private final SocketAddress target;
  private State state = State.WAITING;
  private boolean silent;
  private long deadline;

  WireLink(
      SocketChannel client,
      InetSocketAddress target,
      Selector selector,
      long roundTripNanos,
      long now)
      throws IOException {
    this.client = client;
    this.target = target;
    server = SocketChannel.open();
    client.configureBlocking(false);
    server.configureBlocking(false);
    client.setOption(StandardSocketOptions.TCP_NODELAY, true);
    server.setOption(StandardSocketOptions.TCP_NODELAY, true);
    clientKey = client.register(selector, 0, this);
    serverKey = server.register(selector, 0, this);
    up = new Way(client, server);
    down = new Way(server, client);
    delay(roundTripNanos);
    deadline = now + roundTripNanos;
  }

  void delay(long roundTripNanos) {
    up.line.delay(roundTripNanos / 2);
    down.line.delay(roundTripNanos / 2);
  }

  boolean isClosed() {
    return state == State.CLOSED;
  }

  boolean isSilent() {
    return silent;
  }

  long bytesUp() {
    return up.bytes;
  }

  long bytesDown() {
    return down.bytes;
  }

  /** From now on nothing passes, and nobody is told; or all goes on. */
  void silent(boolean silent, long now) {
    this.silent = silent;
    turn(now);
  }

  /** RST to both ends. */
  void reset() {
    if (isClosed()) {
      return;
    }
    state = State.CLOSED;
    for (SocketChannel channel : new SocketChannel[] {client, server}) {
      try (channel) {
        channel.setOption(StandardSocketOptions.SO_LINGER, 0);
      } catch (IOException ignored) {
        // It is closed in any case.
      }
    }
  }

  /** FIN to both ends, though neither has asked for it; what is on its way is lost. */
  void end(long now) {
    if (isClosed()) {
      return;
    }
    if (state != State.FLOWING) {
      reset();
      return;
    }
    state = State.ENDING;
    silent = false;
    deadline = now + LEAVE_NANOS;
    try {
      client.shutdownOutput();
      server.shutdownOutput();
      turn(now);
    } catch (IOException _) {
      reset();
    }
  }

  /** Does what can be done now. */
  void turn(long now) {
    if (isClosed()) {
      return;
    }
    try {
      if (!silent) {
        advance(now);
      }
      if (!isClosed()) {
        watch();
      }
    } catch (IOException _) {
      reset(); // one end has reset it, or the target refuses: so does the wire
    }
  }

  /** When a turn is due without anything that a socket tells. */
  long nextTurn() {
    if (isClosed() || silent) {
      return Long.MAX_VALUE;
    }
    return switch (state) {
      case WAITING, ENDING -> deadline;
      case FLOWING ->
          Math.min(
              up.blocked ? Long.MAX_VALUE : up.line.nextDue(),
              down.blocked ? Long.MAX_VALUE : down.line.nextDue());
      case CONNECTING, CLOSED -> Long.MAX_VALUE;
    };
  }

  private void advance(long now) throws IOException {
    if (state == State.WAITING && deadline <= now + DelayLine.SLACK_NANOS) {
      state = server.connect(target) ? State.FLOWING : State.CONNECTING;
    }
    if (state == State.CONNECTING && server.finishConnect()) {
      state = State.FLOWING;
    }
    if (state == State.ENDING) {
      discard(now);
      return;
    }
    boolean connected = state == State.FLOWING;
    up.move(now, connected);
    if (connected) {
      down.move(now, true);
    }
    if (up.endPassedOn && down.endPassedOn) {
      close();
    }
  }

  private void discard(long now) throws IOException {
    boolean over = now >= deadline;
    ByteBuffer bin = ByteBuffer.allocate(DelayLine.SMALLEST);
    up.ended = up.ended || client.read(bin.clear()) < 0;
    down.ended = down.ended || server.read(bin.clear()) < 0;
    if (over || (up.ended && down.ended)) {
      close();
    }
  }

  private void close() throws IOException {
    state = State.CLOSED;
    try (client;
        server) {
      // Both, whatever happens to the first.
    }
  }

  private void watch() {
    boolean ending = state == State.ENDING;
    int ofClient = 0;
    int ofServer = 0;
    if (!silent) {
      if (!up.ended && (ending || !up.line.isFull())) {
        ofClient |= SelectionKey.OP_READ;
      }
      if (state == State.CONNECTING) {
        ofServer |= SelectionKey.OP_CONNECT;
      } else if (state != State.WAITING && !down.ended && (ending || !down.line.isFull())) {
        ofServer |= SelectionKey.OP_READ;
      }
      ofClient |= down.blocked && !ending ? SelectionKey.OP_WRITE : 0;
      ofServer |= up.blocked && !ending ? SelectionKey.OP_WRITE : 0;
    }
    clientKey.interestOps(ofClient);
    serverKey.interestOps(ofServer);
  }
}
