package dev.ktd.stack;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Direct memory in chunks of 64 KiB. The budget bounds what is taken freely, one and a half of it
 * what was promised.
 *
 * <p>What was once taken is kept for reuse until {@link #clear}. Only a garbage collection frees
 * direct memory, an idle daemon has none for hours, and an allocation that meets the JVM's limit
 * would wait for one on the event loop. So chunks never become garbage while the stack lives.
 *
 * <p>Tests watch the chunks by a subclass; as long as none is loaded, the calls are direct.
 */
class ChunkPool {
  static final int CHUNK_SHIFT = 16;
  static final int CHUNK = 1 << CHUNK_SHIFT;

  private final int budget;
  private final int ceiling;
  private final ArrayDeque<Chunk> free = new ArrayDeque<>();
  private int inUse;

  ChunkPool(long budgetBytes) {
    budget = (int) Math.min(Integer.MAX_VALUE / 2, budgetBytes >>> CHUNK_SHIFT);
    ceiling = budget + budget / 2;
  }

  /** A chunk, or null when the budget is used up. */
  @Nullable Chunk take() {
    return inUse < budget ? takePromised() : null;
  }

  /** A chunk for bytes that were promised to be taken, or null when even these are too many. */
  @Nullable Chunk takePromised() {
    if (inUse >= ceiling) {
      return null;
    }
    inUse++;
    Chunk chunk = free.pollLast();
    return chunk == null ? make() : chunk;
  }

  /** A new one. */
  Chunk make() {
    return new Chunk();
  }

  void giveBack(Chunk chunk) {
    inUse--;
    free.addLast(chunk);
  }

  /** In bytes; 0 when the budget is used up or overdrawn. */
  long available() {
    return Math.max(0L, budget - (long) inUse) << CHUNK_SHIFT;
  }

  long bytesInUse() {
    return (long) inUse << CHUNK_SHIFT;
  }

  /** Whether less than half is left: no memory then for what may never be of use. */
  boolean scarce() {
    return inUse > budget / 2;
  }

  /** The stack is closed: everything was given back and goes to the garbage collector. */
  void clear() {
    free.clear();
  }

  /** One piece of memory and a view of it, which spares an object for each use. */
  static class Chunk {
    private final ByteBuffer bytes = ByteBuffer.allocateDirect(CHUNK);
    private final ByteBuffer view = bytes.duplicate();

    /** All of it; positions mean nothing. */
    ByteBuffer bytes() {
      return bytes;
    }

    /** The part from {@code offset}; the same object each time. */
    ByteBuffer view(int offset, int length) {
      return view.limit(offset + length).position(offset);
    }
  }
}
