package dev.ktd.bench.transport;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The program whose connections are measured, in a process of its own: one command a line, one line
 * of numbers as the answer. ENDPOINT is an address, a port, and a SOCKS5 port or 0.
 *
 * <pre>
 *   pingpong ENDPOINT WARM-UP-MILLIS MILLIS    nanoseconds: p50, p90, p99, max; count
 *   get ENDPOINT WARM-UP-COUNT COUNT           nanoseconds: p50, p90, p99, max; count
 *   rate ENDPOINT THREADS MILLIS               GETs over new connections, nanoseconds, failures
 *   keepalive ENDPOINT THREADS MILLIS          GETs over kept connections, nanoseconds, failures
 *   first ENDPOINT MILLIS                      System.nanoTime() of the first byte of an answer
 *   transfer ENDPOINT MILLIS PATIENCE-MILLIS   bytes sent, came back equal, 1 if all; longest pause
 * </pre>
 */
public final class Client {
  private Client() {}

  /** Serves commands until standard input ends. */
  public static void main(String[] arguments) throws Exception {
    var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    try (var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        try {
          out.println(serve(List.of(line.split(" ", -1))));
        } catch (IOException | RuntimeException e) {
          out.println("failed " + e);
        }
      }
    }
    System.exit(0);
  }

  private static String serve(List<String> words) throws Exception {
    var endpoint = new Endpoint(words.get(1), number(words, 2), number(words, 3));
    int first = number(words, 4);
    return switch (words.getFirst()) {
      case "pingpong" -> RoundTrips.pingPong(endpoint, first, number(words, 5));
      case "get" -> RoundTrips.gets(endpoint, first, number(words, 5));
      case "rate" -> Requests.rate(endpoint, first, number(words, 5), false);
      case "keepalive" -> Requests.rate(endpoint, first, number(words, 5), true);
      case "first" -> Requests.first(endpoint, first);
      case "transfer" -> new CheckedTransfer(endpoint).run(first, 0, number(words, 5)).toString();
      default -> throw new IllegalArgumentException("unknown command " + words.getFirst());
    };
  }

  private static int number(List<String> words, int at) {
    return Integer.parseInt(words.get(at));
  }
}
