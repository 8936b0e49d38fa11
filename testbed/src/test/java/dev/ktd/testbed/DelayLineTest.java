package dev.ktd.testbed;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.util.SplittableRandom;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

final class DelayLineTest {
  private static final long MILLISECOND = 1_000_000;
  private static final int PIECE = 8000;

  private final DelayLine line = new DelayLine();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** Gives a little at a time, as sockets do. */
  private static ReadableByteChannel source(byte[] bytes) {
    return new ReadableByteChannel() {
      private int position;

      @Override
      public int read(ByteBuffer into) {
        int count = Math.min(Math.min(into.remaining(), PIECE), bytes.length - position);
        into.put(bytes, position, count);
        position += count;
        return count > 0 ? count : -1;
      }

      @Override
      public boolean isOpen() {
        return true;
      }

      @Override
      public void close() {}
    };
  }

  private static byte[] random(long seed, int count) {
    byte[] bytes = new byte[count];
    new SplittableRandom(seed).nextBytes(bytes);
    return bytes;
  }

  private boolean drain(long now) throws IOException {
    return line.drain(Channels.newChannel(out), now);
  }

  @Test
  void bytesLeaveWhenTheirDelayIsOverAndNotBefore() throws IOException {
    line.delay(10 * MILLISECOND);
    line.fill(source(new byte[] {1, 2}), 0);
    line.fill(source(new byte[] {3}), 5 * MILLISECOND);
    assertThat(drain(9 * MILLISECOND)).isTrue();
    assertThat(out.toByteArray()).isEmpty();
    drain(10 * MILLISECOND);
    assertThat(out.toByteArray()).containsExactly(1, 2);
    assertThat(line.nextDue()).isEqualTo(15 * MILLISECOND);
    drain(15 * MILLISECOND);
    assertThat(out.toByteArray()).containsExactly(1, 2, 3);
    assertThat(line.isEmpty()).isTrue();
  }

  @Test
  void bytesOfAShorterDelayDoNotOvertake() throws IOException {
    line.delay(100 * MILLISECOND);
    line.fill(source(new byte[] {1}), 0);
    line.delay(0);
    line.fill(source(new byte[] {2}), MILLISECOND);
    drain(50 * MILLISECOND);
    assertThat(out.toByteArray()).isEmpty();
    drain(100 * MILLISECOND);
    assertThat(out.toByteArray()).containsExactly(1, 2);
  }

  @Test
  void withoutDelayItHoldsLittle() throws IOException {
    ReadableByteChannel endless = source(new byte[10 << 20]);
    long held = 0;
    for (int count = line.fill(endless, 0); count > 0; count = line.fill(endless, 0)) {
      held += count;
    }
    assertThat(held).isEqualTo(DelayLine.SMALLEST);
    assertThat(line.isFull()).isTrue();
  }

  @Test
  void withDelayItHoldsWhatIsOnTheWire() throws IOException {
    line.delay(10 * MILLISECOND);
    ReadableByteChannel endless = source(new byte[64 << 20]);
    long held = 0;
    for (int count = line.fill(endless, 0); count > 0; count = line.fill(endless, 0)) {
      held += count;
    }
    assertThat(held).isBetween(DelayLine.BYTES_PER_SECOND / 100, DelayLine.BYTES_PER_SECOND / 50);
  }

  @RepeatedTest(20)
  void growingShrinkingAndWrappingKeepEveryByte(RepetitionInfo repetition) throws IOException {
    var random = new SplittableRandom(repetition.getCurrentRepetition());
    byte[] bytes = random(repetition.getCurrentRepetition(), 8 << 20);
    ReadableByteChannel from = source(bytes);
    long now = 0;
    boolean ended = false;
    while (!ended || !line.isEmpty()) {
      line.delay(random.nextInt(9) * MILLISECOND);
      for (int i = random.nextInt(40); i > 0 && !ended; i--) {
        ended = line.fill(from, now) < 0;
      }
      now += random.nextLong(MILLISECOND);
      drain(now);
    }
    assertThat(out.toByteArray()).isEqualTo(bytes);
  }

  @Test
  void aFullRingGrowsAlsoWhenItsBytesBeginInTheMiddle() throws IOException {
    byte[] bytes = random(1, 3 * DelayLine.SMALLEST);
    ReadableByteChannel from = source(bytes);
    line.delay(2 * MILLISECOND);
    line.fill(from, 0);
    while (line.held() < DelayLine.SMALLEST) {
      line.fill(from, MILLISECOND);
    }
    drain(2 * MILLISECOND);
    assertThat(line.held()).isEqualTo(DelayLine.SMALLEST - PIECE);
    while (line.fill(from, 2 * MILLISECOND) >= 0) {
      assertThat(line.isFull()).isFalse();
    }
    drain(4 * MILLISECOND);
    assertThat(out.toByteArray()).isEqualTo(bytes);
  }

  @Test
  void endOfStreamIsTold() throws IOException {
    assertThat(line.fill(source(new byte[0]), 0)).isEqualTo(-1);
  }
}
