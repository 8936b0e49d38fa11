package dev.ktd.stack;

import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A pool that fails loudly: on a chunk given back twice or by a stranger, on one used or written to
 * after it was given back, and on close when one is missing. What is given back is filled with
 * 0xDD, so a stale view shows bytes that nobody sent.
 */
final class WatchedChunkPool extends ChunkPool {
  private static final byte POISON = (byte) 0xDD;
  private static final ByteBuffer POISONED = poisoned();

  private final Set<WatchedChunk> taken = new HashSet<>();

  WatchedChunkPool(long budgetBytes) {
    super(budgetBytes);
  }

  private static ByteBuffer poisoned() {
    ByteBuffer all = ByteBuffer.allocateDirect(CHUNK);
    while (all.hasRemaining()) {
      all.put(POISON);
    }
    return all.flip().asReadOnlyBuffer();
  }

  /** A chunk that knows whether it is in somebody's hands. */
  private static final class WatchedChunk extends Chunk {
    private boolean live = true;

    @Override
    ByteBuffer bytes() {
      check();
      return super.bytes();
    }

    @Override
    ByteBuffer view(int offset, int length) {
      check();
      return super.view(offset, length);
    }

    private void check() {
      if (!live) {
        throw new AssertionError("a chunk is used that was given back");
      }
    }
  }

  @Override
  Chunk make() {
    return new WatchedChunk();
  }

  @Override
  @Nullable Chunk take() {
    return watch(super.take());
  }

  @Override
  @Nullable Chunk takePromised() {
    return watch(super.takePromised());
  }

  private @Nullable Chunk watch(@Nullable Chunk chunk) {
    if (chunk instanceof WatchedChunk watched) {
      boolean again = !watched.live;
      watched.live = true;
      if (again && !watched.bytes().duplicate().clear().equals(POISONED)) {
        throw new AssertionError("a chunk was written to after it was given back");
      }
      taken.add(watched);
    }
    return chunk;
  }

  @Override
  void giveBack(Chunk chunk) {
    if (!(chunk instanceof WatchedChunk watched) || !taken.remove(watched)) {
      throw new AssertionError("a chunk is given back that was not taken");
    }
    watched.bytes().duplicate().clear().put(0, POISONED, 0, CHUNK);
    watched.live = false;
    super.giveBack(chunk);
  }

  @Override
  void clear() {
    if (!taken.isEmpty() || bytesInUse() != 0) {
      throw new AssertionError("%d chunks are missing at the end".formatted(taken.size()));
    }
    super.clear();
  }
}
