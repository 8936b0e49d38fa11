package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class IntervalsTest {
  private static final int MOST = 8;
  private static final int SPACE = 200;

  static LongStream seeds() {
    Long own = Long.getLong("ktd.seed");
    return own == null ? LongStream.rangeClosed(1, 10) : LongStream.of(own);
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void theyAreWhatASetOfBitsSays(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Intervals intervals = new Intervals(MOST);
    BitSet bits = new BitSet();
    for (int i = 0; i < 200; i++) {
      int start = random.nextInt(SPACE);
      int end = start + 1 + random.nextInt(12);
      boolean covered = bits.nextClearBit(start) >= end;
      assertThat(intervals.covers(start, end)).isEqualTo(covered);
      if (intervals.accepts(start, end)) {
        intervals.add(start, end);
        bits.set(start, end);
        int[] latest = new int[1];
        assertThat(intervals.latest(latest)).isEqualTo(1);
        assertThat(intervals.start(latest[0])).isLessThanOrEqualTo(start);
        assertThat(intervals.end(latest[0])).isGreaterThanOrEqualTo(end);
      } else {
        assertThat(intervals.size()).isEqualTo(MOST);
        bits.clear((int) intervals.firstStart(), (int) intervals.firstEnd());
        intervals.removeFirst();
      }
      equal(intervals, bits);
      if (random.nextInt(50) == 0) {
        intervals.clear();
        bits.clear();
      }
    }
  }

  private static void equal(Intervals intervals, BitSet bits) {
    int at = 0;
    for (int i = 0; i < intervals.size(); i++) {
      int start = bits.nextSetBit(at);
      assertThat(intervals.start(i)).isEqualTo(start);
      at = bits.nextClearBit(start);
      assertThat(intervals.end(i)).isEqualTo(at);
    }
    assertThat(bits.nextSetBit(at)).isEqualTo(-1);
    for (int position = 0; position < SPACE; position++) {
      assertThat(intervals.gap(position)).isEqualTo(bits.nextClearBit(position));
      int next = bits.get(position) ? bits.nextClearBit(position) : position;
      int nextStart = bits.nextSetBit(next);
      if (!bits.get(position)) {
        assertThat(intervals.gapEnd(position))
            .isEqualTo(nextStart < 0 ? Long.MAX_VALUE : nextStart);
      }
    }
  }

  @Test
  void theLatestComeFirst() {
    Intervals intervals = new Intervals(MOST);
    intervals.add(50, 60);
    intervals.add(10, 20);
    intervals.add(90, 100);
    intervals.add(70, 80);
    intervals.add(30, 40);
    intervals.add(58, 62);
    int[] latest = new int[4];

    assertThat(intervals.latest(latest)).isEqualTo(4);
    assertThat(latest).containsExactly(2, 1, 3, 4);
  }

  @Test
  void aFullSetStillTakesWhatTouchesIt() {
    Intervals intervals = new Intervals(2);
    intervals.add(0, 10);
    intervals.add(20, 30);

    assertThat(intervals.accepts(40, 50)).isFalse();
    assertThat(intervals.accepts(30, 40)).isTrue();
    intervals.add(10, 20);
    assertThat(intervals.size()).isEqualTo(1);
    assertThat(intervals.covers(0, 30)).isTrue();
  }
}
