package dev.ktd.packet;

import java.util.SplittableRandom;

/**
 * Where a generated test takes its decisions from: a seed, or the bytes that a fuzzer made up. The
 * same decisions are the same test.
 */
public interface Choices {
  /** A number from 0 to {@code bound} - 1. When the decisions are used up: 0. */
  int below(int bound);

  /** Whether the decisions are used up. */
  boolean exhausted();

  /** True in one of {@code n} cases; false when the decisions are used up. */
  default boolean oneIn(int n) {
    return below(n) == n - 1;
  }

  /** Decisions of a seed, for a number of them. */
  static Choices ofSeed(long seed, int number) {
    SplittableRandom random = new SplittableRandom(seed);
    return new Choices() {
      private int left = number;

      @Override
      public int below(int bound) {
        return left-- > 0 ? random.nextInt(bound) : 0;
      }

      @Override
      public boolean exhausted() {
        return left <= 0;
      }
    };
  }

  /** Decisions of bytes: one for each, two or four where the bound is above 256 or 65,536. */
  static Choices ofBytes(byte[] bytes) {
    return new Choices() {
      private int at;

      @Override
      public int below(int bound) {
        long value = next();
        if (bound > 1 << 8) {
          value = value << 8 | next();
        }
        if (bound > 1 << 16) {
          value = value << 16 | (long) next() << 8 | next();
        }
        return (int) (value % bound);
      }

      private int next() {
        return at < bytes.length ? bytes[at++] & 0xff : 0;
      }

      @Override
      public boolean exhausted() {
        return at >= bytes.length;
      }
    };
  }
}
