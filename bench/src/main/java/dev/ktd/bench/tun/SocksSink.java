package dev.ktd.bench.tun;

import dev.ktd.bench.figures.Report;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/**
 * A SOCKS5 server (RFC 1928, CONNECT without authentication) that goes nowhere: what wants to reach
 * {@link InProcess#SOURCE} gets bytes without end, all else is taken and forgotten. A process of
 * its own; its first line is its port; it ends when its standard input does.
 */
public final class SocksSink {
  private static final int BLOCK = 256 * 1024;
  private static final int IPV4 = 1;

  private SocksSink() {}

  /** Serves until standard input ends. */
  public static void main(String[] arguments) throws IOException {
    ServerSocketChannel server =
        ServerSocketChannel.open()
            .bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
    Thread.ofPlatform().daemon().start(() -> accept(server));
    Report.line(Integer.toString(((InetSocketAddress) server.getLocalAddress()).getPort()));
    int ignored = System.in.read();
    System.exit(ignored < 0 ? 0 : 1);
  }

  private static void accept(ServerSocketChannel server) {
    try {
      while (true) {
        SocketChannel client = server.accept();
        Thread.ofPlatform().daemon().start(() -> serve(client));
      }
    } catch (IOException e) {
      Report.line("failed " + e);
    }
  }

  private static void serve(SocketChannel client) {
    ByteBuffer block = ByteBuffer.allocateDirect(BLOCK);
    try (client) {
      int port = handshake(client, block);
      if (port == InProcess.SOURCE) {
        while (client.isOpen()) {
          client.write(block.clear());
        }
      } else {
        while (client.read(block.clear()) >= 0) {
          // Forgotten.
        }
      }
    } catch (IOException e) {
      // The client went away, which is how every measurement ends.
    }
  }

  /** The port that was asked for. */
  private static int handshake(SocketChannel client, ByteBuffer block) throws IOException {
    exactly(client, block, 2);
    exactly(client, block, block.get(1) & 0xff);
    client.write(block.clear().put((byte) 5).put((byte) 0).flip());
    exactly(client, block, 4);
    if (block.get(3) != IPV4) {
      throw new IOException("only IPv4 is served");
    }
    exactly(client, block, 6);
    int port = block.getShort(4) & 0xffff;
    block.clear().put((byte) 5).put((byte) 0).put((byte) 0).put((byte) IPV4);
    client.write(block.putInt(0).putShort((short) 0).flip());
    return port;
  }

  private static void exactly(SocketChannel client, ByteBuffer block, int length)
      throws IOException {
    block.clear().limit(length);
    while (block.hasRemaining()) {
      if (client.read(block) < 0) {
        throw new IOException("the client left during the handshake");
      }
    }
  }
}
