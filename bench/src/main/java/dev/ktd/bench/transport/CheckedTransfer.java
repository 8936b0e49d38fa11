package dev.ktd.bench.transport;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Bytes to an echo and back over one connection, each compared, while somebody cuts the way. */
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
   * What became of it.
   *
   * @param equal bytes that came back as they were sent
   * @param whole whether all did, and the connection ended well
   * @param pauseNanos the longest pause in what came back
   */
  record Outcome(long sent, long equal, boolean whole, long pauseNanos) {
    /** As {@link Client} answers. */
    @Override
    public String toString() {
      return sent + " " + equal + " " + (whole ? 1 : 0) + " " + pauseNanos;
    }
  }

  /**
   * @param millis how long it sends
   * @param stallMillis how long it reads nothing at first
   * @param patienceMillis what the rest then has to come back
   */
  Outcome run(int millis, int stallMillis, int patienceMillis)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    long end = start + TimeUnit.MILLISECONDS.toNanos(millis);
    try (Socket socket = Dial.open(endpoint)) {
      socket.setSoTimeout(POLL_MILLIS);
      Thread.ofPlatform().daemon().start(() -> send(socket, end));
      TimeUnit.MILLISECONDS.sleep(stallMillis);
      // The sender may be in a write that nobody takes for ever; closing the socket ends that.
      return receive(socket, end + TimeUnit.MILLISECONDS.toNanos(patienceMillis));
    }
  }

  private void send(Socket socket, long end) {
    var random = new SplittableRandom(SEED);
    byte[] block = new byte[BLOCK];
    try {
      OutputStream out = socket.getOutputStream();
      while (System.nanoTime() < end) {
        random.nextBytes(block);
        sent.addAndGet(block.length); // before: a part of a write that fails may come back
        out.write(block);
      }
      socket.shutdownOutput();
    } catch (IOException _) {
      // The receiver sees the same, and the answer tells it.
    }
  }

  private Outcome receive(Socket socket, long patience) {
    var random = new SplittableRandom(SEED);
    byte[] expected = new byte[BLOCK];
    byte[] block = new byte[BLOCK];
    long equal = 0;
    long longest = 0;
    boolean ended = false;
    long last = System.nanoTime();
    while (System.nanoTime() < patience) {
      int at = (int) (equal % BLOCK);
      int read;
      try {
        read = socket.getInputStream().read(block, 0, BLOCK - at);
      } catch (SocketTimeoutException _) {
        continue;
      } catch (IOException _) {
        break; // lost
      }
      if (read < 0) {
        ended = true;
        break;
      }
      long now = System.nanoTime();
      longest = Math.max(longest, now - last);
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
    return new Outcome(sent.get(), equal, whole, longest);
  }
}
