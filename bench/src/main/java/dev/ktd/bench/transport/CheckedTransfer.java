package dev.ktd.bench.transport;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Bytes to an echo and back over one connection, each compared, while somebody cuts the way.
 * Answers with: bytes sent, bytes that came back equal, 1 if all did and the connection ended well,
 * the longest pause in what came back in nanoseconds, and System.nanoTime() at its end.
 */
final class CheckedTransfer {
  private static final int BLOCK = 16 * 1024;
  private static final int SEED = 42;
  private static final int POLL_MILLIS = 1_000;

  private final Endpoint endpoint;
  private final AtomicLong sent = new AtomicLong();

  CheckedTransfer(Endpoint endpoint) {
    this.endpoint = endpoint;
  }

  /**
   * @param millis how long it sends; what was sent then has as long again to come back
   */
  String run(int millis) throws IOException, InterruptedException {
    long start = System.nanoTime();
    long end = start + TimeUnit.MILLISECONDS.toNanos(millis);
    try (Socket socket = Dial.open(endpoint)) {
      socket.setSoTimeout(POLL_MILLIS);
      Thread sender = Thread.ofPlatform().start(() -> send(socket, end));
      String seen = receive(socket, end + TimeUnit.MILLISECONDS.toNanos(millis));
      sender.join(millis);
      return seen;
    }
  }

  private void send(Socket socket, long end) {
    var random = new SplittableRandom(SEED);
    byte[] block = new byte[BLOCK];
    try {
      OutputStream out = socket.getOutputStream();
      while (System.nanoTime() < end) {
        random.nextBytes(block);
        out.write(block);
        sent.addAndGet(block.length);
      }
      socket.shutdownOutput();
    } catch (IOException e) {
      // The receiver sees the same and tells it.
      System.err.println("sending ended: " + e);
    }
  }

  private String receive(Socket socket, long patience) {
    var random = new SplittableRandom(SEED);
    byte[] expected = new byte[BLOCK];
    byte[] block = new byte[BLOCK];
    long equal = 0;
    long longest = 0;
    long longestEnd = 0;
    boolean ended = false;
    long last = System.nanoTime();
    while (System.nanoTime() < patience) {
      int at = (int) (equal % BLOCK);
      int read;
      try {
        read = socket.getInputStream().read(block, 0, BLOCK - at);
      } catch (SocketTimeoutException e) {
        continue;
      } catch (IOException e) {
        System.err.println("receiving ended: " + e);
        break;
      }
      if (read < 0) {
        ended = true;
        break;
      }
      long now = System.nanoTime();
      if (now - last > longest) {
        longest = now - last;
        longestEnd = now;
      }
      last = now;
      if (at == 0) {
        random.nextBytes(expected);
      }
      int mismatch = java.util.Arrays.mismatch(expected, at, at + read, block, 0, read);
      if (mismatch >= 0) {
        equal += mismatch;
        break;
      }
      equal += read;
    }
    boolean whole = ended && equal == sent.get();
    return sent.get() + " " + equal + " " + (whole ? 1 : 0) + " " + longest + " " + longestEnd;
  }
}
