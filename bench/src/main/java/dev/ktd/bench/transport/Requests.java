package dev.ktd.bench.transport;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** HTTP/1.1 by hand: an HTTP library would be a good part of what is measured. */
final class Requests {
  private static final byte[] GET =
      "GET / HTTP/1.1\r\nHost: web\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final String LENGTH = "content-length:";
  private static final int FIRST_LIMIT_MILLIS = 250;
  private static final int PAUSE_MILLIS = 2;

  private Requests() {}

  /** One request and its whole answer, which must say its length and fit 4 KiB. */
  static void get(Socket socket) throws IOException {
    socket.getOutputStream().write(GET);
    InputStream in = socket.getInputStream();
    byte[] answer = new byte[4096];
    int have = 0;
    int whole = answer.length;
    while (have < whole) {
      int read = in.read(answer, have, answer.length - have);
      if (read < 0) {
        throw new IOException("the answer ended after " + have + " bytes");
      }
      have += read;
      whole = length(new String(answer, 0, have, StandardCharsets.ISO_8859_1), answer.length);
    }
  }

  private static int length(String answer, int unknown) {
    int headEnd = answer.indexOf("\r\n\r\n");
    if (headEnd < 0) {
      return unknown;
    }
    String head = answer.substring(0, headEnd).toLowerCase(java.util.Locale.ROOT);
    int at = head.indexOf(LENGTH);
    int lineEnd = at < 0 ? -1 : head.indexOf("\r\n", at);
    String value = head.substring(at + LENGTH.length(), lineEnd < 0 ? head.length() : lineEnd);
    return headEnd + 4 + Integer.parseInt(value.strip());
  }

  /** As many as so many threads can. */
  static String rate(Endpoint endpoint, int threads, int millis, boolean kept)
      throws InterruptedException {
    var done = new AtomicLong();
    var failed = new AtomicLong();
    long start = System.nanoTime();
    long end = start + TimeUnit.MILLISECONDS.toNanos(millis);
    List<Thread> running = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      running.add(Thread.ofPlatform().start(() -> requests(endpoint, end, kept, done, failed)));
    }
    for (Thread thread : running) {
      thread.join();
    }
    return done.get() + " " + (System.nanoTime() - start) + " " + failed.get();
  }

  private static void requests(
      Endpoint endpoint, long end, boolean kept, AtomicLong done, AtomicLong failed) {
    @Nullable Socket socket = null;
    while (System.nanoTime() < end) {
      try {
        if (socket == null) {
          socket = Dial.open(endpoint);
        }
        get(socket);
        done.incrementAndGet();
        if (!kept) {
          socket.close();
          socket = null;
        }
      } catch (IOException e) {
        failed.incrementAndGet();
        socket = close(socket);
      }
    }
    close(socket);
  }

  private static @Nullable Socket close(@Nullable Socket socket) {
    try {
      if (socket != null) {
        socket.close();
      }
    } catch (IOException e) {
      // It has failed already; what matters is the next one.
      return null;
    }
    return null;
  }

  /** Tries until an answer's first byte comes. */
  static String first(Endpoint endpoint, int limitMillis) throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(limitMillis);
    while (true) {
      try (Socket socket = Dial.open(endpoint, FIRST_LIMIT_MILLIS)) {
        socket.getOutputStream().write(GET);
        if (socket.getInputStream().read() >= 0) {
          return Long.toString(System.nanoTime());
        }
      } catch (IOException e) {
        if (System.nanoTime() > end) {
          throw e;
        }
      }
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    }
  }
}
