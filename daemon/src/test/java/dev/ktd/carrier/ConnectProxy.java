package dev.ktd.carrier;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** An HTTP proxy on loopback that knows CONNECT, and takes every host for this one. */
public final class ConnectProxy implements AutoCloseable {
  private final List<String> heads = new CopyOnWriteArrayList<>();
  private final AtomicInteger open = new AtomicInteger();
  private final ServerSocket listening;
  private final String refusal;

  /** One that lets everybody through. */
  public ConnectProxy() throws IOException {
    this("");
  }

  /**
   * @param refusal status line of every answer; empty: none is refused
   */
  public ConnectProxy(String refusal) throws IOException {
    this.refusal = refusal;
    listening = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
    Thread.ofVirtual().start(this::accept);
  }

  /** With a user whose password has an at-sign and a colon in it. */
  public URI uri() {
    return URI.create("http://ana:s3%40c%3Aret@127.0.0.1:" + listening.getLocalPort());
  }

  /** What {@code Proxy-Authorization} has to say for {@link #uri}. */
  public static final String AUTHORIZATION = "proxy-authorization: Basic YW5hOnMzQGM6cmV0";

  /** The heads of all requests. */
  public List<String> heads() {
    return heads;
  }

  /** How many connections go through it now that their clients have not closed. */
  public int open() {
    return open.get();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listening.accept();
        Thread.ofVirtual().start(() -> serve(client));
      }
    } catch (IOException _) {
      // Closed.
    }
  }

  private void serve(Socket client) {
    try (client) {
      StringBuilder head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        int next = client.getInputStream().read();
        if (next < 0) {
          return;
        }
        head.append((char) next);
      }
      heads.add(head.toString());
      if (!refusal.isEmpty()) {
        write(client, refusal + "\r\nContent-Length: 0\r\n\r\n");
        return;
      }
      String[] target = head.toString().split("[ :]", 4);
      try (Socket server = new Socket(listening.getInetAddress(), Integer.parseInt(target[2]))) {
        write(client, "HTTP/1.1 200 OK\r\n\r\n");
        Thread.ofVirtual().start(() -> copy(server, client));
        open.incrementAndGet();
        copy(client, server);
        open.decrementAndGet();
      }
    } catch (IOException _) {
      // One of the two went away, as tests make them do.
    }
  }

  private static void write(Socket client, String text) throws IOException {
    client.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static void copy(Socket from, Socket to) {
    try {
      from.getInputStream().transferTo(to.getOutputStream());
      to.shutdownOutput();
    } catch (IOException _) {
      // As above.
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
  }
}
