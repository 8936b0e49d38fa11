package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** What a buffer says it has room for, it stores. */
final class StreamBufferTest {
  private static final int CHUNK = ChunkPool.CHUNK;

  private final ChunkPool pool = new ChunkPool(4L * CHUNK);
  private final StreamBuffer buffer = new StreamBuffer(pool, 64 * CHUNK);

  private int put(long position, int length) {
    return buffer.put(position, ByteBuffer.allocate(length), 0, length, true);
  }

  @Test
  void allTheRoomCanBeUsedFromTheMiddleOfAChunkOn() {
    assertThat(put(0, 7_000)).isEqualTo(7_000);
    long room = buffer.room(7_000);
    assertThat(room).isEqualTo((1L + pool.promisable()) * CHUNK - 7_000);
    assertThat(put(7_000, (int) room)).isEqualTo((int) room);
    assertThat(buffer.room(7_000 + room)).isZero();
  }

  @Test
  void aChunkThatWasGivenBackHasNoRoomBeforeThePosition() {
    assertThat(put(0, 7_000)).isEqualTo(7_000);
    buffer.release(7_000, true);
    assertThat(pool.bytesInUse()).isZero();
    long room = buffer.room(7_000);
    assertThat(room).isEqualTo((long) pool.promisable() * CHUNK - 7_000);
    assertThat(put(7_000, (int) room)).isEqualTo((int) room);
  }

  @Test
  void withoutMemoryThereIsNoRoom() {
    ChunkPool other = new ChunkPool(4L * CHUNK);
    StreamBuffer later = new StreamBuffer(other, 64 * CHUNK);
    while (other.takePromised() != null) {
      // Others have it.
    }
    assertThat(later.room(7_000)).isZero();
  }
}
