package dev.ktd.packet;

import java.nio.ByteBuffer;

/**
 * The Internet checksum (RFC 1071). Sums are kept unfolded in a {@code long}, so that parts can be
 * added up; all buffers must be big-endian.
 */
public final class Checksum {
  private Checksum() {}

  /**
   * Adds the 16-bit words of {@code length} bytes at the absolute {@code offset}. An odd last byte
   * counts as the high half of a word, so only the last part of a sum may be odd.
   */
  public static long sum(ByteBuffer buffer, int offset, int length) {
    long sum = 0;
    int at = offset;
    int end = offset + length;
    // 64 bits at a time: the halves of at most 8,192 longs cannot overflow the accumulator.
    for (; at + 8 <= end; at += 8) {
      long word = buffer.getLong(at);
      sum += (word >>> 32) + (word & 0xffff_ffffL);
    }
    for (; at + 2 <= end; at += 2) {
      sum += buffer.getShort(at) & 0xffff;
    }
    if (at < end) {
      sum += (buffer.get(at) & 0xff) << 8;
    }
    return sum;
  }

  /**
   * The sum over two pieces that follow each other, the first of which may be odd.
   *
   * @param first between position and limit, as is {@code second}
   */
  public static long sum(ByteBuffer first, ByteBuffer second) {
    long sum = fold(sum(first, first.position(), first.remaining()));
    if (!second.hasRemaining()) {
      return sum;
    }
    int more = fold(sum(second, second.position(), second.remaining()));
    // Behind an odd piece every byte stands in the other half of its word.
    return sum + ((first.remaining() & 1) == 0 ? more : swap(more));
  }

  /** The pseudo-header of TCP, UDP and ICMPv6 (RFC 9293, section 3.1; RFC 8200, section 8.1). */
  public static long pseudoHeader(
      long sourceHigh,
      long sourceLow,
      long destinationHigh,
      long destinationLow,
      int protocol,
      int length) {
    if (IpAddress.isV4(sourceHigh, sourceLow)) {
      return (sourceLow & 0xffff_ffffL) + (destinationLow & 0xffff_ffffL) + protocol + length;
    }
    return words(sourceHigh)
        + words(sourceLow)
        + words(destinationHigh)
        + words(destinationLow)
        + protocol
        + length;
  }

  /** The sum as 16 bits, not complemented. */
  public static int fold(long sum) {
    long folded = (sum >>> 32) + (sum & 0xffff_ffffL);
    folded = (folded >>> 16) + (folded & 0xffff);
    folded = (folded >>> 16) + (folded & 0xffff);
    folded = (folded >>> 16) + (folded & 0xffff);
    return (int) folded;
  }

  /** What goes into the checksum field. */
  public static int complement(long sum) {
    return ~fold(sum) & 0xffff;
  }

  private static long words(long half) {
    return (half >>> 32) + (half & 0xffff_ffffL);
  }

  private static int swap(int word) {
    return (word & 0xff) << 8 | word >>> 8;
  }
}
