package dev.ktd.bench.transport;

import java.io.IOException;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** One thing after the other: how long each takes. */
final class RoundTrips {
  private RoundTrips() {}

  /** One byte there and back over one connection. */
  static String pingPong(Endpoint endpoint, int warmUpMillis, int millis) throws IOException {
    var histogram = new Histogram(3);
    try (Socket socket = Dial.open(endpoint)) {
      long start = System.nanoTime();
      long counted = start + TimeUnit.MILLISECONDS.toNanos(warmUpMillis);
      long end = counted + TimeUnit.MILLISECONDS.toNanos(millis);
      long before = start;
      while (before < end) {
        socket.getOutputStream().write('x');
        if (socket.getInputStream().read() != 'x') {
          throw new IOException("the echo ended");
        }
        long after = System.nanoTime();
        if (before >= counted) {
          histogram.recordValue(after - before);
        }
        before = after;
      }
    }
    return summary(histogram);
  }

  /** Connect, GET, whole answer, each over a new connection. */
  static String gets(Endpoint endpoint, int warmUp, int count) throws IOException {
    var histogram = new Histogram(3);
    for (int i = -warmUp; i < count; i++) {
      long before = System.nanoTime();
      try (Socket socket = Dial.open(endpoint)) {
        Requests.get(socket);
        if (i >= 0) {
          histogram.recordValue(System.nanoTime() - before);
        }
      }
    }
    return summary(histogram);
  }

  private static String summary(Histogram histogram) {
    return "%d %d %d %d %d"
        .formatted(
            histogram.getValueAtPercentile(50),
            histogram.getValueAtPercentile(90),
            histogram.getValueAtPercentile(99),
            histogram.getMaxValue(),
            histogram.getTotalCount());
  }
}
