package dev.ktd.stack;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Direct memory in chunks of 64 KiB, within a budget. A quarter of it is kept for what is taken
 * freely, that is for what programs send: programs that do not read cannot use it up. What was
 * promised may go a quarter beyond the budget, so that all together stays within one and a half.
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
  private final int quarter;
  private final ArrayDeque<Chunk> free = new ArrayDeque<>();
  private int inUse;

  /** How many of these were promised. */
  private int promised;

  ChunkPool(long budgetBytes) {
    budget = (int) Math.min(Integer.MAX_VALUE / 2, budgetBytes >>> CHUNK_SHIFT);
    quarter = budget / 4;
  }

  /** A chunk, or null when the budget is used up. */
  @Nullable Chunk take() {
    return left() > 0 ? take(false) : null;
  }

  /** A chunk for bytes that were promised to be taken, or null when even these are too many. */
  @Nullable Chunk takePromised() {
    return promisable() > 0 ? take(true) : null;
  }

  /** How many chunks {@link #takePromised} gives now. */
  int promisable() {
    return Math.max(0, Math.min(budget + quarter - promised, budget + 2 * quarter - inUse));
  }

  private Chunk take(boolean forPromise) {
    inUse++;
    promised += forPromise ? 1 : 0;
    Chunk kept = free.pollLast();
    Chunk chunk = kept == null ? make() : kept;
    chunk.promised = forPromise;
    return chunk;
  }

  private int left() {
    return Math.max(budget - inUse, quarter - (inUse - promised));
  }

  /** A new one. */
  Chunk make() {
    return new Chunk();
  }

  void giveBack(Chunk chunk) {
    inUse--;
    promised -= chunk.promised ? 1 : 0;
    free.addLast(chunk);
  }

  /** For {@link #take}, in bytes; 0 when the budget is used up or overdrawn. */
  long available() {
    return Math.max(0L, left()) << CHUNK_SHIFT;
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
    private boolean promised;

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
