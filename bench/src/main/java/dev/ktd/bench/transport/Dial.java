package dev.ktd.bench.transport;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;

/** Opens the connections of {@link Client}. */
final class Dial {
  private static final int LIMIT_MILLIS = 5_000;
  private static final int CONNECT = 1;
  private static final int IPV4 = 1;
  private static final int REST_OF_REPLY = 6;

  private Dial() {}

  /** A connection without Nagle's algorithm, whose reads wait at most five seconds. */
  static Socket open(Endpoint endpoint) throws IOException {
    return open(endpoint, LIMIT_MILLIS);
  }

  static Socket open(Endpoint endpoint, int limitMillis) throws IOException {
    var socket = new Socket();
    try {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(limitMillis);
      boolean socks = endpoint.socks() != 0;
      String address = socks ? "127.0.0.1" : endpoint.address();
      int port = socks ? endpoint.socks() : endpoint.port();
      socket.connect(new InetSocketAddress(InetAddress.ofLiteral(address), port), limitMillis);
      if (socks) {
        ask(socket, endpoint);
      }
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /** RFC 1928, without authentication; the greeting and the request go out as one. */
  private static void ask(Socket socket, Endpoint endpoint) throws IOException {
    OutputStream out = socket.getOutputStream();
    byte[] address = InetAddress.ofLiteral(endpoint.address()).getAddress();
    byte[] request = {
      5,
      1,
      0,
      5,
      CONNECT,
      0,
      IPV4,
      0,
      0,
      0,
      0,
      (byte) (endpoint.port() >>> 8),
      (byte) endpoint.port()
    };
    System.arraycopy(address, 0, request, 7, address.length);
    out.write(request);
    var in = new DataInputStream(socket.getInputStream());
    boolean accepted = in.readUnsignedShort() == 0x0500;
    byte[] reply = in.readNBytes(4);
    if (!accepted || reply.length < 4 || reply[1] != 0) {
      throw new IOException("the SOCKS server refused");
    }
    in.skipNBytes(REST_OF_REPLY);
  }
}
