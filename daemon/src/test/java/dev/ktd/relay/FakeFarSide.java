package dev.ktd.relay;

import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Far sides that the test opens, refuses and feeds by hand. */
final class FakeFarSide implements Dialer, Datagrams {
  final List<Stream> streams = new ArrayList<>();
  final List<Socket> sockets = new ArrayList<>();
  final List<Ping> pings = new ArrayList<>();

  Stream stream() {
    return streams.getLast();
  }

  @Override
  public Upstream dial(InetSocketAddress destination, Downstream downstream) {
    var stream = new Stream(destination, downstream);
    streams.add(stream);
    return stream;
  }

  @Override
  public Association open(InetSocketAddress destination, Replies replies) {
    var socket = new Socket(destination, replies);
    sockets.add(socket);
    return socket;
  }

  @Override
  public boolean echo(InetAddress destination, ByteBuffer payload, EchoAnswer answer) {
    return pings.add(new Ping(destination, text(payload), answer));
  }

  static String text(ByteBuffer payload) {
    return StandardCharsets.UTF_8.decode(payload.duplicate()).toString();
  }

  record Ping(InetAddress destination, String payload, EchoAnswer answer) {}

  static final class Stream implements Upstream {
    final InetSocketAddress destination;
    final Downstream downstream;
    final ByteArrayOutputStream taken = new ByteArrayOutputStream();
    final List<String> events = new ArrayList<>();
    int room = Integer.MAX_VALUE;
    int consumed;

    Stream(InetSocketAddress destination, Downstream downstream) {
      this.destination = destination;
      this.downstream = downstream;
    }

    @Override
    public int write(ByteBuffer data) {
      byte[] bytes = new byte[Math.min(room, data.remaining())];
      data.get(bytes);
      taken.writeBytes(bytes);
      room -= bytes.length;
      return bytes.length;
    }

    @Override
    public void shutdownOutput() {
      events.add("end");
    }

    @Override
    public void consumed(int bytes) {
      consumed += bytes;
    }

    @Override
    public void abort() {
      events.add("abort");
    }
  }

  static final class Socket implements Association {
    final InetSocketAddress destination;
    final Replies replies;
    final List<String> sent = new ArrayList<>();
    boolean closed;
    boolean full;

    Socket(InetSocketAddress destination, Replies replies) {
      this.destination = destination;
      this.replies = replies;
    }

    @Override
    public boolean send(ByteBuffer payload) {
      return !full && sent.add(text(payload));
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
