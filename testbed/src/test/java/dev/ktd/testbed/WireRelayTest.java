package dev.ktd.testbed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class WireRelayTest {
  private static final int NOTHING_COMES_MILLIS = 200;

  private final ServerSocket server = listen();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final WireRelay wire =
      WireRelay.start(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
          new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort()));

  private static ServerSocket listen() {
    try {
      return new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @AfterEach
  void end() throws IOException {
    wire.close();
    server.close();
    threads.shutdownNow();
  }

  /** The two ends of one connection through the wire. */
  private record Pair(Socket client, Socket server) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      client.close();
      server.close();
    }

    void say(String word) throws IOException {
      client.getOutputStream().write(word.getBytes(StandardCharsets.US_ASCII));
    }

    String hear(int count) throws IOException {
      return new String(server.getInputStream().readNBytes(count), StandardCharsets.US_ASCII);
    }
  }

  private Socket connect() throws IOException {
    return new Socket(wire.address().getAddress(), wire.address().getPort());
  }

  private Pair pair() throws IOException {
    Socket client = connect();
    return new Pair(client, server.accept());
  }

  private static byte[] random(long seed, int count) {
    byte[] bytes = new byte[count];
    new SplittableRandom(seed).nextBytes(bytes);
    return bytes;
  }

  private Future<?> send(OutputStream to, byte[] bytes) {
    return threads.submit(
        (Callable<Void>)
            () -> {
              to.write(bytes);
              return null;
            });
  }

  private Future<byte[]> receive(InputStream from, int count) {
    return threads.submit(() -> from.readNBytes(count));
  }

  private void assertBytesPassBothWays(Pair pair, int count) throws Exception {
    byte[] up = random(1, count);
    byte[] down = random(2, count);
    Future<?> sent = send(pair.client.getOutputStream(), up);
    Future<?> answered = send(pair.server.getOutputStream(), down);
    Future<byte[]> atServer = receive(pair.server.getInputStream(), count);
    Future<byte[]> atClient = receive(pair.client.getInputStream(), count);
    sent.get();
    answered.get();
    assertThat(atServer.get()).isEqualTo(up);
    assertThat(atClient.get()).isEqualTo(down);
  }

  @Test
  void bytesPassBothWaysAtOnce() throws Exception {
    try (Pair pair = pair()) {
      assertBytesPassBothWays(pair, 50_000_000);
      assertThat(wire.counts()).isEqualTo(new WireRelay.Counts(1, 1, 0, 50_000_000, 50_000_000));
    }
  }

  @Test
  void aLongWireLosesNothingAndTakesItsTime() throws Exception {
    wire.delay(Duration.ofMillis(40));
    try (Pair pair = pair()) {
      assertBytesPassBothWays(pair, 20_000_000);
      long began = System.nanoTime();
      pair.say("a");
      pair.hear(1);
      pair.server.getOutputStream().write('b');
      pair.client.getInputStream().readNBytes(1);
      assertThat(System.nanoTime() - began).isGreaterThanOrEqualTo(Duration.ofMillis(39).toNanos());
    }
  }

  @Test
  void connectTakesARoundTripMore() throws IOException {
    wire.delay(Duration.ofMillis(50));
    long began = System.nanoTime();
    try (Pair pair = pair()) {
      pair.say("a");
      pair.hear(1);
      assertThat(System.nanoTime() - began).isGreaterThanOrEqualTo(Duration.ofMillis(49).toNanos());
    }
  }

  @Test
  void halfCloseIsPassedOn() throws IOException {
    try (Pair pair = pair()) {
      pair.say("last words");
      pair.client.shutdownOutput();
      assertThat(pair.server.getInputStream().readAllBytes()).hasSize(10);
      pair.server.getOutputStream().write("answer".getBytes(StandardCharsets.US_ASCII));
      pair.server.shutdownOutput();
      assertThat(pair.client.getInputStream().readAllBytes()).hasSize(6);
    }
  }

  @Test
  void resetReachesBothEndsAndNewOnesWork() throws IOException {
    try (Pair pair = pair()) {
      pair.say("a");
      pair.hear(1);
      wire.reset();
      assertThatThrownBy(() -> pair.client.getInputStream().read())
          .isInstanceOf(SocketException.class);
      assertThatThrownBy(() -> pair.server.getInputStream().read())
          .isInstanceOf(SocketException.class);
    }
    try (Pair another = pair()) {
      another.say("b");
      assertThat(another.hear(1)).isEqualTo("b");
      assertThat(wire.counts().accepted()).isEqualTo(2);
      assertThat(wire.counts().open()).isEqualTo(1);
    }
  }

  @Test
  void resetOfOneEndIsPassedOn() throws IOException {
    try (Pair pair = pair()) {
      pair.client.setSoLinger(true, 0);
      pair.client.close();
      assertThatThrownBy(() -> pair.server.getInputStream().read())
          .isInstanceOf(SocketException.class);
    }
  }

  @Test
  void endIsAnEndOfStreamAtBothEnds() throws IOException {
    try (Pair pair = pair()) {
      pair.say("a");
      pair.hear(1);
      wire.end();
      assertThat(pair.client.getInputStream().read()).isEqualTo(-1);
      assertThat(pair.server.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void silentConnectionsPassNothingWhileNewOnesWork() throws IOException {
    try (Pair pair = pair()) {
      wire.silence();
      pair.say("lost?");
      pair.server.setSoTimeout(NOTHING_COMES_MILLIS);
      assertThatThrownBy(() -> pair.hear(1)).isInstanceOf(SocketTimeoutException.class);
      try (Pair another = pair()) {
        another.say("b");
        assertThat(another.hear(1)).isEqualTo("b");
        assertThat(wire.counts().silent()).isEqualTo(1);
      }
      wire.normal();
      pair.server.setSoTimeout(0);
      assertThat(pair.hear(5)).isEqualTo("lost?");
    }
  }

  @Test
  void aBlackHoleForAllTakesNewConnectionsAndPassesNothing() throws IOException {
    wire.silenceAll();
    try (Socket client = connect()) {
      client.getOutputStream().write('a');
      server.setSoTimeout(NOTHING_COMES_MILLIS);
      assertThatThrownBy(server::accept).isInstanceOf(SocketTimeoutException.class);
      server.setSoTimeout(0);
      wire.normal();
      try (Socket accepted = server.accept()) {
        assertThat(accepted.getInputStream().read()).isEqualTo('a');
      }
    }
  }

  @Test
  void refusalConcernsNewOnesOnly() throws IOException {
    try (Pair pair = pair()) {
      wire.refuse();
      assertThatThrownBy(this::connect).isInstanceOf(ConnectException.class);
      pair.say("a");
      assertThat(pair.hear(1)).isEqualTo("a");
      wire.normal();
      pair().close();
    }
  }

  @Test
  void targetThatRefusesIsTheClientsReset() throws IOException {
    server.close();
    try (Socket client = connect()) {
      assertThatThrownBy(() -> client.getInputStream().readNBytes(1))
          .isInstanceOf(SocketException.class);
    }
  }

  @Test
  void ordersReachAnotherProcess() throws IOException {
    try (WireProcess process =
            WireProcess.start(
                new Laptop(List.of(), Map.of()),
                new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort()));
        Socket client = new Socket(process.address().getAddress(), process.address().getPort());
        Socket accepted = server.accept()) {
      process.delay(Duration.ofMillis(1));
      client.getOutputStream().write('a');
      assertThat(accepted.getInputStream().read()).isEqualTo('a');
      assertThat(process.counts()).isEqualTo(new WireRelay.Counts(1, 1, 0, 1, 0));
      process.end();
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
  }
}
