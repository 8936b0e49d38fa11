package dev.ktd.bench.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import org.junit.jupiter.api.Test;

class CheckedTransferTest {
  private static final int SEND_MILLIS = 500;
  private static final int PATIENCE_MILLIS = 20_000;
  private static final long SPOILT_AT = 20_000;

  /** What an echo does with a block of what came, before it sends it back. */
  private interface Fault {
    void touch(byte[] block, long from, int count, Socket socket) throws IOException;
  }

  /** The outcome of a transfer to an echo on loopback with that fault. */
  private static CheckedTransfer.Outcome transfer(Fault fault) throws Exception {
    try (var listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread echo = Thread.startVirtualThread(() -> serve(listener, fault));
      var endpoint = Endpoint.direct("127.0.0.1", listener.getLocalPort());
      var outcome = new CheckedTransfer(endpoint).run(SEND_MILLIS, 0, PATIENCE_MILLIS);
      echo.join();
      return outcome;
    }
  }

  private static void serve(ServerSocket listener, Fault fault) {
    try (Socket socket = listener.accept()) {
      InputStream in = socket.getInputStream();
      OutputStream out = socket.getOutputStream();
      byte[] block = new byte[10_000];
      long from = 0;
      for (int count = in.read(block); count >= 0; count = in.read(block)) {
        fault.touch(block, from, count, socket);
        out.write(block, 0, count);
        from += count;
      }
    } catch (IOException _) {
      // The fault, or what the transfer makes of it.
    }
  }

  private static boolean isIn(long from, int count) {
    return from <= SPOILT_AT && SPOILT_AT < from + count;
  }

  @Test
  void allThatComesBackEqualIsWhole() throws Exception {
    var outcome = transfer((_, _, _, _) -> {});
    assertThat(outcome.whole()).isTrue();
    assertThat(outcome.equal()).isEqualTo(outcome.sent()).isGreaterThan(SPOILT_AT);
  }

  @Test
  void oneWrongByteIsFoundWhereItIs() throws Exception {
    var outcome =
        transfer(
            (block, from, count, _) -> {
              if (isIn(from, count)) {
                block[(int) (SPOILT_AT - from)]++;
              }
            });
    assertThat(outcome.whole()).isFalse();
    assertThat(outcome.equal()).isEqualTo(SPOILT_AT);
  }

  @Test
  void aConnectionThatEndsEarlyIsNotWhole() throws Exception {
    var outcome =
        transfer(
            (_, from, count, socket) -> {
              if (isIn(from, count)) {
                socket.close();
              }
            });
    assertThat(outcome.whole()).isFalse();
    assertThat(outcome.equal()).isLessThan(outcome.sent());
  }
}
