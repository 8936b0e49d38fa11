package dev.ktd.dns;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Message;

/** A DNS server on a loopback address, UDP and TCP on one port. */
final class LoopbackServer implements AutoCloseable {
  /** A query as it came, and how. */
  record Asked(Message query, boolean tcp) {}

  /** Largest UDP answer; longer ones are cut off. */
  static final int UDP = 512;

  final List<Asked> asked = new CopyOnWriteArrayList<>();

  private final Function<Asked, @Nullable Message> script;
  private final ServerSocket tcp;
  private final DatagramSocket udp;

  /**
   * @param script answers a query; null: silence
   */
  LoopbackServer(Function<Asked, @Nullable Message> script) throws IOException {
    this.script = script;
    InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
    ServerSocket listening = new ServerSocket(0, 16, loopback);
    DatagramSocket bound;
    try {
      bound = new DatagramSocket(listening.getLocalPort(), loopback);
    } catch (SocketException e) {
      listening.close();
      listening = new ServerSocket(0, 16, loopback); // someone else has that UDP port
      bound = new DatagramSocket(listening.getLocalPort(), loopback);
    }
    tcp = listening;
    udp = bound;
    Thread.startVirtualThread(this::serveUdp);
    Thread.startVirtualThread(this::acceptTcp);
  }

  InetSocketAddress address() {
    return new InetSocketAddress(udp.getLocalAddress(), udp.getLocalPort());
  }

  private void serveUdp() {
    byte[] buffer = new byte[65_535];
    try {
      while (true) {
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        udp.receive(packet);
        byte[] answer = answer(Arrays.copyOf(buffer, packet.getLength()), false);
        if (answer != null) {
          udp.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
        }
      }
    } catch (IOException _) {
      // closed
    }
  }

  private void acceptTcp() {
    try {
      while (true) {
        Socket socket = tcp.accept();
        Thread.startVirtualThread(() -> serveTcp(socket));
      }
    } catch (IOException _) {
      // closed
    }
  }

  private void serveTcp(Socket socket) {
    try (socket) {
      DataInputStream in = new DataInputStream(socket.getInputStream());
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      while (true) {
        byte[] query = new byte[in.readUnsignedShort()];
        in.readFully(query);
        byte[] answer = answer(query, true);
        if (answer != null) {
          out.writeShort(answer.length);
          out.write(answer);
          out.flush();
        }
      }
    } catch (EOFException | SocketException _) {
      // the client has gone
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private byte @Nullable [] answer(byte[] wire, boolean overTcp) throws IOException {
    Asked one = new Asked(new Message(wire), overTcp);
    asked.add(one);
    Message answer = script.apply(one);
    return answer == null ? null : answer.toWire(overTcp ? 65_535 : UDP);
  }

  @Override
  public void close() throws IOException {
    udp.close();
    tcp.close();
  }
}
