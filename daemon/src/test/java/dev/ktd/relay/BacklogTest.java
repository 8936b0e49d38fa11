package dev.ktd.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

final class BacklogTest {
  private static final int CAPACITY = 100_000;

  private final Backlog backlog = new Backlog(CAPACITY);
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();
  private int writes;

  private void write(ByteBuffer data, int most) {
    byte[] bytes = new byte[Math.min(most, data.remaining())];
    data.get(bytes);
    written.writeBytes(bytes);
    writes++;
  }

  private static ByteBuffer numbers(int from, int length) {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    for (int i = 0; i < length; i++) {
      bytes.put((byte) ((from + i) * 31 / 8));
    }
    return bytes.flip();
  }

  /** A buffer for each would take a hundred times the memory of its byte. */
  @Test
  void manySmallPiecesAreHeldAsFewLargeOnes() {
    for (int i = 0; i < CAPACITY; i++) {
      assertThat(backlog.add(numbers(i, 1))).isTrue();
    }
    assertThat(backlog.add(numbers(0, 1))).isFalse();
    backlog.drain(data -> write(data, data.remaining()));
    assertThat(written.toByteArray()).isEqualTo(numbers(0, CAPACITY).array());
    assertThat(writes).isLessThan(100);
    assertThat(backlog.isEmpty()).isTrue();
  }

  @Test
  void bytesStayInOrderThoughOnlySomeAreTakenAndOthersCome() {
    int added = 0;
    for (int length = 1; added + length <= CAPACITY; length += 37) {
      assertThat(backlog.add(numbers(added, length))).isTrue();
      added += length;
      int most = 10 + length / 2;
      backlog.drain(data -> write(data, most));
      assertThat(backlog.bytes()).isEqualTo(added - written.size());
    }
    while (!backlog.isEmpty()) {
      backlog.drain(data -> write(data, 5000));
    }
    assertThat(written.toByteArray()).isEqualTo(numbers(0, added).array());
  }
}
