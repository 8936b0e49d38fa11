package dev.ktd.testbed;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A client on the JVM that tests start on the laptop: prints one line with what it saw, exits with
 * 0 if that is what a healthy network does.
 */
final class Probe {
  private static final int TIMEOUT_MILLIS = 20_000;
  private static final int BLOCK = 64 * 1024;

  private Probe() {}

  public static void main(String[] arguments) throws Exception {
    String verb = arguments[0];
    switch (verb) {
      case "http" -> http(arguments[1]);
      case "connect" -> connect(address(arguments));
      case "echo" -> echo(address(arguments), Long.parseLong(arguments[3]));
      case "at-once" -> atOnce(address(arguments), Integer.parseInt(arguments[3]));
      case "in-turn" -> inTurn(address(arguments), Integer.parseInt(arguments[3]));
      case "udp" -> udp(address(arguments));
      case "half-close" -> halfClose(address(arguments));
      default -> throw new IllegalArgumentException("no verb " + verb);
    }
  }

  private static InetSocketAddress address(String[] arguments) {
    return new InetSocketAddress(arguments[1], Integer.parseInt(arguments[2]));
  }

  private static Socket open(InetSocketAddress address) throws IOException {
    var socket = new Socket();
    socket.setSoTimeout(TIMEOUT_MILLIS);
    socket.connect(address, TIMEOUT_MILLIS);
    return socket;
  }

  private static void http(String uri) throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest request = HttpRequest.newBuilder(URI.create(uri)).build();
      System.out.print(client.send(request, HttpResponse.BodyHandlers.ofString()).body());
    }
  }

  /** Prints how a connect ends, and when. */
  private static void connect(InetSocketAddress address) {
    long began = System.nanoTime();
    String outcome;
    try (Socket socket = open(address)) {
      outcome = "connected to " + socket.getRemoteSocketAddress();
    } catch (IOException e) {
      outcome = e.getClass().getSimpleName() + ": " + e.getMessage();
    }
    System.out.println((System.nanoTime() - began) / 1_000_000 + " ms " + outcome);
  }

  /** Sends bytes to an echo server while it reads them back; both sums must be the same. */
  private static void echo(InetSocketAddress address, long bytes)
      throws IOException, NoSuchAlgorithmException, InterruptedException, ExecutionException {
    try (Socket socket = open(address);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<String> sent = threads.submit(() -> send(socket.getOutputStream(), bytes));
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      long received = 0;
      InputStream in = socket.getInputStream();
      byte[] block = new byte[BLOCK];
      for (int n = in.read(block); n >= 0; n = in.read(block)) {
        digest.update(block, 0, n);
        received += n;
        if (received == bytes) {
          socket.shutdownOutput();
        }
      }
      String back = HexFormat.of().formatHex(digest.digest());
      System.out.println(
          received + " bytes " + (back.equals(sent.get()) ? "equal" : "DIFFERENT") + " " + back);
      if (received != bytes || !back.equals(sent.get())) {
        System.exit(1);
      }
    }
  }

  private static String send(OutputStream out, long bytes)
      throws IOException, NoSuchAlgorithmException {
    var random = new SplittableRandom(bytes);
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    byte[] block = new byte[BLOCK];
    for (long left = bytes; left > 0; left -= block.length) {
      random.nextBytes(block);
      int count = (int) Math.min(left, block.length);
      out.write(block, 0, count);
      digest.update(block, 0, count);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void exchange(Socket socket, String word) throws IOException {
    byte[] bytes = word.getBytes(StandardCharsets.US_ASCII);
    socket.getOutputStream().write(bytes);
    byte[] back = socket.getInputStream().readNBytes(bytes.length);
    if (!word.equals(new String(back, StandardCharsets.US_ASCII))) {
      throw new IOException(
          "sent " + word + ", got " + new String(back, StandardCharsets.US_ASCII));
    }
  }

  /** Opens all connections before it uses any. */
  private static void atOnce(InetSocketAddress address, int count)
      throws InterruptedException, IOException {
    List<Future<Socket>> opening = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < count; i++) {
        opening.add(threads.submit(() -> open(address)));
      }
      int failed = 0;
      for (int i = 0; i < count; i++) {
        try {
          exchange(opening.get(i).get(), "word-" + i);
        } catch (ExecutionException | IOException e) {
          failed++;
          System.err.println(i + ": " + e);
        }
      }
      System.out.println(count - failed + " of " + count + " connections work");
      for (Future<Socket> future : opening) {
        if (future.state() == Future.State.SUCCESS) {
          future.resultNow().close();
        }
      }
      if (failed > 0) {
        System.exit(1);
      }
    }
  }

  private static void inTurn(InetSocketAddress address, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      try (Socket socket = open(address)) {
        exchange(socket, "word-" + i);
      }
    }
    System.out.println(count + " connections in turn work");
  }

  /** Sends two datagrams and waits for an answer: the second shows that the first was refused. */
  private static void udp(InetSocketAddress address) throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(InetAddress.getByName(address.getHostString()), address.getPort());
      socket.setSoTimeout(5000);
      byte[] word = "a datagram".getBytes(StandardCharsets.US_ASCII);
      socket.send(new DatagramPacket(word, word.length));
      byte[] back = new byte[100];
      var packet = new DatagramPacket(back, back.length);
      socket.receive(packet);
      System.out.println(new String(back, 0, packet.getLength(), StandardCharsets.US_ASCII));
    }
  }

  /** The echo server must still send after it has seen our end of data. */
  private static void halfClose(InetSocketAddress address) throws IOException {
    try (Socket socket = open(address)) {
      socket.getOutputStream().write("last words".getBytes(StandardCharsets.US_ASCII));
      socket.shutdownOutput();
      System.out.println(
          new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII));
    }
  }
}
