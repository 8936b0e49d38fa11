package dev.ktd.stack;

import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Connections whose window is closed because all memory was in use, in the order in which that
 * came. Once chunks are back each poll opens the window of as many as there are chunks: told all at
 * once, their programs would fill the memory many times over. Each connection is in it once.
 */
final class ThirstyFlows {
  private static final long PACE = RoundTrip.MILLISECOND;

  private final StackContext context;
  private final Set<TcpConnection> waiting = new LinkedHashSet<>();
  private long servedAt;

  ThirstyFlows(StackContext context) {
    this.context = context;
  }

  /** Notes whether memory is what the window lacks that was announced just now. */
  void note(TcpConnection connection) {
    if (!connection.receive.thirsty()) {
      forget(connection);
    } else if (!connection.thirsty) {
      connection.thirsty = true;
      waiting.add(connection);
    }
  }

  void forget(TcpConnection connection) {
    if (connection.thirsty) {
      connection.thirsty = false;
      waiting.remove(connection);
    }
  }

  /** Makes window updates due. */
  void serve(long now) {
    servedAt = now;
    long chunks = context.pool.available() >>> ChunkPool.CHUNK_SHIFT;
    for (TcpConnection next = first(); next != null; next = first()) {
      if (next.receive.thirsty()) {
        if (chunks <= 0 || !next.receive.wantsUpdate()) {
          return;
        }
        chunks--;
        next.ackDue = true;
        context.ready(next);
      }
      forget(next);
    }
  }

  /** When to poll for the next of them at the latest; giving chunks back needs a poll anyway. */
  long deadline() {
    TcpConnection first = first();
    return first != null && first.receive.wantsUpdate() ? servedAt + PACE : Timers.NEVER;
  }

  private @Nullable TcpConnection first() {
    return waiting.isEmpty() ? null : waiting.iterator().next();
  }
}
