package dev.ktd.ssh;

import dev.ktd.relay.Datagrams;
import dev.ktd.relay.DialFailure;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * UDP and ping over the agent's subsystem {@code datagram} (docs/agent-protocol.md). Datagrams are
 * dropped, not queued, when the tunnel has no room; only the first few wait for the subsystem to
 * start. On the event loop.
 */
final class DatagramChannel implements Datagrams, SubsystemChannel.User {
  private static final Logger LOG = LoggerFactory.getLogger(DatagramChannel.class);

  /** What may wait for the subsystem to start: a first DNS query, not a stream. */
  private static final int EARLY_FRAMES = 64;

  private static final int EARLY_BYTES = 256 * 1024;

  /** Pings whose answer is still awaited; the oldest is forgotten. */
  private static final int ECHOES = 256;

  private static final long RETRY_NANOS = 1_000_000_000L;

  private final SshTransport transport;
  private final Map<Integer, Socket> sockets = new HashMap<>();
  private final Map<Integer, EchoAnswer> echoes = new LinkedHashMap<>();
  private final Queue<Early> early = new ArrayDeque<>();
  private int earlyBytes;
  private @Nullable SubsystemChannel channel;
  private DatagramFrames.@Nullable Reader reader;
  private boolean started;
  private long failedAt;
  private boolean failed;
  private int nextId = 1;

  /** A frame that waits; {@code of}: whose datagram it is, if it is one. */
  private record Early(ByteBuffer frame, @Nullable Replies of) {
    void lost() {
      if (of != null) {
        of.lost();
      }
    }
  }

  DatagramChannel(SshTransport transport) {
    this.transport = transport;
  }

  @Override
  public Association open(InetSocketAddress destination, Replies replies) {
    Socket socket = new Socket(nextId(), destination, replies);
    sockets.put(socket.id, socket);
    return socket;
  }

  @Override
  public boolean echo(InetAddress destination, ByteBuffer payload, EchoAnswer answer) {
    int id = nextId();
    if (!send(DatagramFrames.echo(id, destination, payload))) {
      return false;
    }
    echoes.put(id, answer);
    if (echoes.size() > ECHOES) {
      Iterator<Integer> oldest = echoes.keySet().iterator();
      oldest.next();
      oldest.remove();
    }
    return true;
  }

  private int nextId() {
    do {
      nextId = nextId == Integer.MAX_VALUE ? 1 : nextId + 1;
    } while (sockets.containsKey(nextId) || echoes.containsKey(nextId));
    return nextId;
  }

  private boolean send(ByteBuffer frame) {
    return send(frame, null);
  }

  /** False when the frame was dropped. */
  private boolean send(ByteBuffer frame, @Nullable Replies of) {
    SubsystemChannel open = running();
    if (open == null) {
      return false;
    }
    if (started) {
      return open.sendWhole(frame);
    }
    if (early.size() >= EARLY_FRAMES || earlyBytes + frame.remaining() > EARLY_BYTES) {
      return false;
    }
    early.add(new Early(frame, of));
    earlyBytes += frame.remaining();
    return true;
  }

  /** The subsystem, started if need be; null while it cannot be had. */
  private @Nullable SubsystemChannel running() {
    if (channel != null) {
      return channel;
    }
    if (!transport.isReady() || (failed && System.nanoTime() - failedAt < RETRY_NANOS)) {
      return null;
    }
    SubsystemChannel opening = new SubsystemChannel(transport, "datagram", this);
    if (!transport.register(opening)) {
      return null;
    }
    channel = opening;
    reader = new DatagramFrames.Reader(new Inbound());
    opening.request();
    return channel;
  }

  @Override
  public void started() {
    SubsystemChannel open = channel;
    if (open == null) {
      return;
    }
    early(open);
  }

  /** OpenSSH opens a session's window only some packets after its start. */
  private void early(SubsystemChannel open) {
    if (!started && !open.sendWhole(DatagramFrames.hello())) {
      open.whenWritable();
      return;
    }
    started = true;
    for (Early each = early.poll(); each != null; each = early.poll()) {
      if (!open.sendWhole(each.frame)) {
        each.lost();
      }
    }
    earlyBytes = 0;
  }

  @Override
  public void writable() {
    SubsystemChannel open = channel;
    if (open != null && !started) {
      early(open);
    }
  }

  @Override
  public void received(ByteBuffer bytes) {
    DatagramFrames.Reader to = reader;
    if (to != null && !to.read(bytes)) {
      SubsystemChannel open = channel;
      if (open != null) {
        open.abandon();
      }
      ended("the agent's datagrams make no sense");
    }
  }

  @Override
  public void ended(String why) {
    LOG.warn("UDP and ping have stopped: {}", why);
    failed = true;
    failedAt = System.nanoTime();
    transportGone();
    for (Socket socket : sockets.values()) {
      socket.openedThere = false;
    }
  }

  /** Nothing is sent or heard any more. */
  void transportGone() {
    channel = null;
    reader = null;
    started = false;
    early.forEach(Early::lost);
    early.clear();
    earlyBytes = 0;
    echoes.clear();
  }

  /** One association. */
  private final class Socket implements Association {
    private final int id;
    private final InetSocketAddress destination;
    private final Replies replies;

    /** False before the first datagram and after the agent closed it for idleness. */
    private boolean openedThere;

    Socket(int id, InetSocketAddress destination, Replies replies) {
      this.id = id;
      this.destination = destination;
      this.replies = replies;
    }

    @Override
    public boolean send(ByteBuffer payload) {
      if (!openedThere) {
        openedThere = DatagramChannel.this.send(DatagramFrames.open(id, destination));
      }
      return openedThere && DatagramChannel.this.send(DatagramFrames.data(id, payload), replies);
    }

    @Override
    public void close() {
      if (sockets.remove(id) != null && openedThere) {
        DatagramChannel.this.send(DatagramFrames.close(id));
      }
    }
  }

  /** What the agent says. */
  private final class Inbound implements DatagramFrames.Sink {
    @Override
    public void data(int id, ByteBuffer payload) {
      Socket socket = sockets.get(id);
      if (socket != null) {
        socket.replies.datagram(payload);
      }
    }

    @Override
    public void closed(int id) {
      Socket socket = sockets.get(id);
      if (socket != null) {
        socket.openedThere = false;
      }
    }

    @Override
    public void error(int id, int code) {
      Socket socket = sockets.get(id);
      if (socket == null) {
        return;
      }
      switch (code) {
        case DatagramFrames.REFUSED -> socket.replies.refused(DialFailure.REFUSED);
        case DatagramFrames.UNREACHABLE -> socket.replies.refused(DialFailure.UNREACHABLE);
        case DatagramFrames.PROHIBITED -> socket.replies.refused(DialFailure.PROHIBITED);
        case DatagramFrames.TOO_MANY -> {
          // The agent made no socket, so the next datagram asks for one again.
          LOG.debug("the agent has no socket left for {}", socket.destination);
          socket.openedThere = false;
        }
        default -> LOG.debug("the agent answers {} to {}", code, socket.destination);
      }
    }

    @Override
    public void echoReply(int id, ByteBuffer payload) {
      EchoAnswer answer = echoes.remove(id);
      if (answer != null) {
        answer.answered(payload);
      }
    }
  }
}
