package dev.ktd.dns;

import dev.ktd.relay.DialFailure;
import dev.ktd.relay.Dialer;
import dev.ktd.relay.Downstream;
import dev.ktd.relay.Upstream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Message;

/**
 * The cluster's DNS servers in memory, behind a dialer: what they do is written by the test. Runs
 * in the caller's thread, and answers during the call unless the test holds the answers back.
 */
final class ScriptedCluster implements Dialer {
  /** Answers a query; null: silence. */
  Function<Message, @Nullable Message> script = _ -> null;

  /** What the next dials to a server come to; none left: opened. */
  final Map<InetSocketAddress, Deque<DialFailure>> failures = new HashMap<>();

  /** Dials are not answered at all. */
  boolean silentDials;

  /** How many bytes a write takes, and how many come at once. */
  int chunk = Integer.MAX_VALUE;

  /** A connection is closed by the server after so many queries, before it answers the last. */
  int closeAt = Integer.MAX_VALUE;

  final List<Connection> connections = new ArrayList<>();
  final List<Message> queries = new ArrayList<>();

  List<InetSocketAddress> dialled() {
    return connections.stream().map(connection -> connection.server).toList();
  }

  long open() {
    return connections.stream().filter(connection -> !connection.gone).count();
  }

  void failDial(InetSocketAddress server, DialFailure why) {
    failures.computeIfAbsent(server, _ -> new ArrayDeque<>()).add(why);
  }

  @Override
  public Upstream dial(InetSocketAddress destination, Downstream downstream) {
    Connection connection = new Connection(destination, downstream);
    connections.add(connection);
    DialFailure failure = failures.getOrDefault(destination, new ArrayDeque<>()).poll();
    if (failure != null) {
      connection.gone = true;
      downstream.failed(failure);
    } else if (!silentDials) {
      downstream.opened();
    }
    return connection;
  }

  final class Connection implements Upstream {
    final InetSocketAddress server;
    final Downstream downstream;
    private final FrameReader frames = new FrameReader();
    boolean gone;
    int taken;
    int consumed;
    int sent;

    Connection(InetSocketAddress server, Downstream downstream) {
      this.server = server;
      this.downstream = downstream;
    }

    @Override
    public int write(ByteBuffer data) {
      int size = Math.min(chunk, data.remaining());
      ByteBuffer part = data.slice(data.position(), size);
      byte[] frame = frames.next(part);
      while (frame != null && !gone) {
        take(frame);
        frame = frames.next(part);
      }
      if (size < data.remaining() && !gone) {
        // As an event loop does: later, when there is room again.
        later.add(downstream::writable);
      }
      return size;
    }

    private void take(byte[] frame) {
      try {
        Message query = new Message(frame);
        queries.add(query);
        if (++taken >= closeAt) {
          close();
          return;
        }
        Message answer = script.apply(query);
        if (answer != null) {
          send(answer);
        }
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    void send(Message answer) {
      sendBytes(FrameReader.frame(answer.toWire()));
    }

    void sendBytes(ByteBuffer bytes) {
      while (bytes.hasRemaining() && !gone) {
        int size = Math.min(chunk, bytes.remaining());
        sent += size;
        downstream.data(bytes.slice(bytes.position(), size));
        bytes.position(bytes.position() + size);
      }
    }

    void close() {
      gone = true;
      downstream.end();
      downstream.closed(true);
    }

    @Override
    public void shutdownOutput() {
      throw new AssertionError("not expected");
    }

    @Override
    public void consumed(int bytes) {
      consumed += bytes;
    }

    @Override
    public void abort() {
      gone = true;
    }
  }

  private final Deque<Runnable> later = new ArrayDeque<>();

  /** Lets writes that were cut short go on. */
  void settle() {
    Runnable next = later.poll();
    while (next != null) {
      next.run();
      next = later.poll();
    }
  }
}
