package dev.ktd.stack;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Direct memory in chunks of 64 KiB, kept for reuse. The budget bounds what is taken freely, one
 * and a half of it what was promised.
 */
final class ChunkPool {
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
    return chunk == null ? new Chunk() : chunk;
  }

  void giveBack(Chunk chunk) {
    inUse--;
    if (inUse + free.size() < budget) {
      free.addLast(chunk);
    }
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

  void clear() {
    free.clear();
  }

  /** One piece of memory and a view of it, which spares an object for each use. */
  static final class Chunk {
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
