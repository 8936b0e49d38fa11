package dev.ktd.stack;

import dev.ktd.stack.ChunkPool.Chunk;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a stream between two positions, in chunks that exist only where something was put.
 * Positions count from 0 and never wrap. Which of the bytes mean something is the owner's business.
 */
final class StreamBuffer {
  private static final ByteBuffer EMPTY = ByteBuffer.allocateDirect(0);

  private final ChunkPool pool;
  private static final @Nullable Chunk[] NO_CHUNKS = {};

  private final int slots;

  /** Of an idle connection it has no room, since that is most of its memory. */
  private @Nullable Chunk[] chunks = NO_CHUNKS;

  private long base;

  /**
   * An empty buffer.
   *
   * @param capacity how far apart the first byte kept and the last one put may be
   */
  StreamBuffer(ChunkPool pool, int capacity) {
    this.pool = pool;
    // Two more: the first and the last chunk may be used in part only.
    slots = (capacity >>> ChunkPool.CHUNK_SHIFT) + 2;
  }

  /**
   * Copies bytes to {@code position}.
   *
   * @param source from the absolute {@code offset}; its position stays
   * @param promised whether memory beyond the budget may be taken, up to the pool's ceiling
   * @return how many were stored: less than {@code length} when there is no more memory
   */
  int put(long position, ByteBuffer source, int offset, int length, boolean promised) {
    int stored = 0;
    if (chunks.length == 0 && length > 0) {
      chunks = new Chunk[slots];
    }
    while (stored < length) {
      long at = position + stored;
      int slot = slot(at);
      Chunk chunk = chunks[slot];
      if (chunk == null) {
        chunk = promised ? pool.takePromised() : pool.take();
        if (chunk == null) {
          return stored;
        }
        chunks[slot] = chunk;
      }
      int start = within(at);
      int size = Math.min(length - stored, ChunkPool.CHUNK - start);
      chunk.bytes().put(start, source, offset + stored, size);
      stored += size;
    }
    return stored;
  }

  /** How many promised bytes could be put at {@code position}, the end of what is stored. */
  long room(long position) {
    boolean begun = chunks.length > 0 && chunks[slot(position)] != null;
    long usable = pool.promisable() + (begun ? 1L : 0L);
    // Of a chunk that was given back empty, the part before the position is of no use any more.
    return Math.max(0, (usable << ChunkPool.CHUNK_SHIFT) - within(position));
  }

  /** The stored bytes from {@code position} to the end of their chunk, at most {@code length}. */
  ByteBuffer first(long position, int length) {
    if (length == 0) {
      return EMPTY;
    }
    Chunk chunk = chunks[slot(position)];
    if (chunk == null) {
      throw new IllegalStateException("nothing is stored at " + position);
    }
    int start = within(position);
    return chunk.view(start, Math.min(length, ChunkPool.CHUNK - start));
  }

  /** What {@link #first} leaves over, as far as it is in the next chunk. */
  ByteBuffer second(long position, int length) {
    int inFirst = Math.min(length, ChunkPool.CHUNK - within(position));
    return first(position + inFirst, length - inFirst);
  }

  /**
   * Forgets all before {@code position}.
   *
   * @param empty whether nothing behind it is of use either
   */
  void release(long position, boolean empty) {
    long keep = position >>> ChunkPool.CHUNK_SHIFT;
    if (chunks.length == 0) {
      base = keep;
      return;
    }
    // No more than all slots need a look, however far the position is from where it was.
    for (long i = Math.max(base, keep - slots); i < keep; i++) {
      giveBack((int) (i % slots));
    }
    base = keep;
    if (empty) {
      giveBack(slot(position));
    }
  }

  void releaseAll() {
    for (int slot = 0; slot < chunks.length; slot++) {
      giveBack(slot);
    }
  }

  private void giveBack(int slot) {
    Chunk chunk = chunks[slot];
    if (chunk != null) {
      chunks[slot] = null;
      pool.giveBack(chunk);
    }
  }

  private int slot(long position) {
    return (int) ((position >>> ChunkPool.CHUNK_SHIFT) % slots);
  }

  private static int within(long position) {
    return (int) position & (ChunkPool.CHUNK - 1);
  }
}
