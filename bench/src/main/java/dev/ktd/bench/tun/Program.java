package dev.ktd.bench.tun;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import org.HdrHistogram.Histogram;

/**
 * The local program of the figures, in a process of its own: it takes one command a line and
 * answers each with one line. Times are milliseconds where it is told them.
 *
 * <pre>
 *   send ADDRESS PORT FLOWS WARM-UP TIME       bytes, nanoseconds
 *   receive ADDRESS PORT FLOWS WARM-UP TIME    bytes, nanoseconds
 *   pingpong ADDRESS PORT WARM-UP COUNT        nanoseconds: p50, p90, p99, p99.9, max
 *   connect ADDRESS PORT BATCH WARM-UP TIME    connections, nanoseconds, failures
 *   hold ADDRESS PORT COUNT                    how many are open
 *   drop                                       0
 * </pre>
 */
public final class Program {
  /** What a program writes and reads at once; iperf3 has the same. */
  private static final int BLOCK = 128 * 1024;

  private final List<SocketChannel> held = new ArrayList<>();

  private Program() {}

  /** Serves commands until standard input ends. */
  public static void main(String[] arguments) throws Exception {
    var program = new Program();
    var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    try (var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        try {
          out.println(program.serve(List.of(line.split(" ", -1))));
        } catch (IOException | RuntimeException e) {
          out.println("failed " + e);
        }
      }
    }
    System.exit(0);
  }

  private String serve(List<String> words) throws Exception {
    return switch (words.getFirst()) {
      case "send" -> bulk(words, true);
      case "receive" -> bulk(words, false);
      case "pingpong" -> pingPong(target(words), number(words, 3), number(words, 4));
      case "connect" -> {
        var storm = new ConnectStorm(target(words), number(words, 3));
        yield storm.run(number(words, 4), number(words, 5));
      }
      case "hold" -> hold(target(words), number(words, 3));
      case "drop" -> drop();
      default -> throw new IllegalArgumentException("unknown command " + words.getFirst());
    };
  }

  private static InetSocketAddress target(List<String> words) {
    return new InetSocketAddress(InetAddress.ofLiteral(words.get(1)), number(words, 2));
  }

  private static int number(List<String> words, int at) {
    return Integer.parseInt(words.get(at));
  }

  private static SocketChannel connect(InetSocketAddress target) throws IOException {
    SocketChannel channel = SocketChannel.open();
    try {
      channel.connect(target);
      // The end of a measurement is a reset: nothing of it is left in the next one.
      channel.setOption(StandardSocketOptions.SO_LINGER, 0);
      return channel;
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  private static String bulk(List<String> words, boolean sends) throws Exception {
    int flows = number(words, 3);
    List<SocketChannel> channels = new ArrayList<>();
    for (int i = 0; i < flows; i++) {
      channels.add(connect(target(words)));
    }
    var bytes = new AtomicLongArray(flows);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < flows; i++) {
      int flow = i;
      threads.add(Thread.ofPlatform().start(() -> move(channels.get(flow), sends, bytes, flow)));
    }
    TimeUnit.MILLISECONDS.sleep(number(words, 4));
    long bytesBefore = sum(bytes);
    long before = System.nanoTime();
    TimeUnit.MILLISECONDS.sleep(number(words, 5));
    long moved = sum(bytes) - bytesBefore;
    long nanos = System.nanoTime() - before;
    for (SocketChannel channel : channels) {
      channel.close();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    return moved + " " + nanos;
  }

  private static void move(SocketChannel channel, boolean sends, AtomicLongArray bytes, int flow) {
    ByteBuffer block = ByteBuffer.allocateDirect(BLOCK);
    try {
      while (true) {
        block.clear();
        int moved = sends ? channel.write(block) : channel.read(block);
        if (moved < 0) {
          return;
        }
        bytes.setRelease(flow, bytes.getPlain(flow) + moved);
      }
    } catch (IOException e) {
      // Closed at the end of the measurement; a connection lost before shows in its bytes.
      bytes.setRelease(flow, bytes.getPlain(flow));
    }
  }

  private static long sum(AtomicLongArray counts) {
    long sum = 0;
    for (int i = 0; i < counts.length(); i++) {
      sum += counts.getAcquire(i);
    }
    return sum;
  }

  private static String pingPong(InetSocketAddress target, int warmUp, int count)
      throws IOException {
    var histogram = new Histogram(3);
    ByteBuffer one = ByteBuffer.allocateDirect(1);
    try (SocketChannel channel = connect(target)) {
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      for (int i = -warmUp; i < count; i++) {
        long start = System.nanoTime();
        channel.write(one.clear());
        if (channel.read(one.clear()) != 1) {
          throw new IOException("the echo ended");
        }
        if (i >= 0) {
          histogram.recordValue(System.nanoTime() - start);
        }
      }
    }
    return "%d %d %d %d %d"
        .formatted(
            histogram.getValueAtPercentile(50),
            histogram.getValueAtPercentile(90),
            histogram.getValueAtPercentile(99),
            histogram.getValueAtPercentile(99.9),
            histogram.getMaxValue());
  }

  private String hold(InetSocketAddress target, int count) throws IOException {
    while (held.size() < count) {
      held.add(connect(target));
    }
    return Integer.toString(held.size());
  }

  private String drop() throws IOException {
    for (SocketChannel channel : held) {
      channel.close();
    }
    held.clear();
    return "0";
  }
}
