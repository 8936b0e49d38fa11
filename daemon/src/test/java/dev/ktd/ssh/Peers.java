package dev.ktd.ssh;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** TCP servers on loopback, as a pod would run them. */
final class Peers implements Closeable {
  private final List<Closeable> open = new CopyOnWriteArrayList<>();

  /** What a server does with a connection. */
  interface Behaviour {
    void serve(Socket socket) throws IOException;
  }

  InetSocketAddress listen(Behaviour behaviour) throws IOException {
    ServerSocket server = new ServerSocket(0, 600, InetAddress.getLoopbackAddress());
    open.add(server);
    Thread.ofVirtual().start(() -> accept(server, behaviour));
    return (InetSocketAddress) server.getLocalSocketAddress();
  }

  private void accept(ServerSocket server, Behaviour behaviour) {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        open.add(socket);
        Thread.ofVirtual()
            .start(
                () -> {
                  try (socket) {
                    behaviour.serve(socket);
                  } catch (IOException _) {
                    // The other end went away, as tests make it do.
                  }
                });
      } catch (IOException _) {
        return;
      }
    }
  }

  /** Sends everything back, then the end. */
  static void echo(Socket socket) throws IOException {
    socket.getInputStream().transferTo(socket.getOutputStream());
    socket.shutdownOutput();
  }

  /** Reads to the end first, then says how much it was, in the flow's own sequence. */
  static void answerAfterEnd(Socket socket) throws IOException {
    long n = socket.getInputStream().transferTo(OutputStream.nullOutputStream());
    send(socket, n);
  }

  /** Sends so many bytes of the sequence, whatever comes. */
  static void send(Socket socket, long bytes) throws IOException {
    byte[] piece = new byte[32 * 1024];
    OutputStream out = socket.getOutputStream();
    for (long at = 0; at < bytes; ) {
      int n = (int) Math.min(piece.length, bytes - at);
      for (int i = 0; i < n; i++) {
        piece[i] = TestFlow.at(at + i);
      }
      out.write(piece, 0, n);
      at += n;
    }
    socket.shutdownOutput();
  }

  /** Keeps a connection until the other end leaves. */
  static void hold(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    while (in.read() >= 0) {
      // Nothing to do with it.
    }
  }

  /** A port on which nobody listens. */
  static InetSocketAddress nobody() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return (InetSocketAddress) server.getLocalSocketAddress();
    }
  }

  @Override
  public void close() throws IOException {
    for (Closeable each : open) {
      each.close();
    }
  }
}
