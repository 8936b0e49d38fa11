package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Child;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/**
 * Two programs that use a candidate while its way is cut: one whose connection is open then, and
 * one that connects afterwards.
 */
final class Witness implements AutoCloseable {
  private static final int TRY_MILLIS = 1_000;

  final String name;
  final Candidate candidate;
  private final Child open;
  private final Child late;
  private final CompletableFuture<long[]> transfer;
  private CompletableFuture<OptionalDouble> renewal =
      CompletableFuture.completedFuture(OptionalDouble.empty());

  /** Begins a {@link CheckedTransfer} that sends for so long. */
  Witness(String name, Candidate candidate, int sendMillis, int patienceMillis) throws IOException {
    this.name = name;
    this.candidate = candidate;
    this.open = new Child(Client.class);
    this.late = new Child(Client.class);
    Endpoint echo = candidate.to(Target.ECHO);
    this.transfer =
        soon(() -> open.ask("transfer %s %d %d".formatted(echo, sendMillis, patienceMillis)));
  }

  /** All that stands still while the laptop sleeps. */
  List<Long> processes() {
    List<Long> all = new ArrayList<>(candidate.processes().values());
    all.add(open.pid());
    return all;
  }

  /**
   * What became of the open connection.
   *
   * @param lost bytes that were sent and never came back
   * @param whole whether all came back equal, and the connection ended well
   * @param pauseSeconds the longest time without a byte
   */
  record Seen(long sent, long lost, boolean whole, double pauseSeconds) {}

  /** Waits for the end of the transfer. */
  Seen seen() throws IOException {
    long[] told = result(transfer);
    return new Seen(told[0], told[0] - told[1], told[2] == 1, told[3] / 1e9);
  }

  /** From now on it tries to connect anew. */
  void connectAnew(int patienceMillis) {
    long start = System.nanoTime();
    long end = start + TimeUnit.MILLISECONDS.toNanos(patienceMillis);
    renewal =
        soon(
            () -> {
              OptionalDouble seconds = OptionalDouble.empty();
              // One that has ended does not come back by itself.
              while (seconds.isEmpty() && candidate.isAlive() && System.nanoTime() < end) {
                seconds = tryToConnect(start);
              }
              return seconds;
            });
  }

  private OptionalDouble tryToConnect(long start) {
    try {
      long[] first = late.ask("first %s %d".formatted(candidate.to(Target.WEB), TRY_MILLIS));
      // What has ended meanwhile may have left the address to another candidate.
      return candidate.isAlive()
          ? OptionalDouble.of((first[0] - start) / 1e9)
          : OptionalDouble.empty();
    } catch (IOException e) {
      return OptionalDouble.empty();
    }
  }

  /** Seconds from {@link #connectAnew} until a new connection worked; empty when none did. */
  OptionalDouble renewed() throws IOException {
    return result(renewal);
  }

  private interface Question<T> {
    T ask() throws IOException;
  }

  private static <T> CompletableFuture<T> soon(Question<T> question) {
    var answer = new CompletableFuture<T>();
    Thread.startVirtualThread(
        () -> {
          try {
            answer.complete(question.ask());
          } catch (IOException | RuntimeException e) {
            answer.completeExceptionally(e);
          }
        });
    return answer;
  }

  private static <T> T result(CompletableFuture<T> answer) throws IOException {
    try {
      return answer.join();
    } catch (CompletionException e) {
      throw new IOException(String.valueOf(e.getCause()), e);
    }
  }

  @Override
  public void close() {
    open.close();
    late.close();
  }
}
