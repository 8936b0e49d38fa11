package dev.ktd.packet;

/** Comparison of TCP sequence numbers modulo 2^32 (RFC 9293, section 3.4). */
public final class SeqNumber {
  private SeqNumber() {}

  /** How far {@code to} is ahead of {@code from}: negative when it is behind. */
  public static int distance(int from, int to) {
    return to - from;
  }

  public static boolean before(int a, int b) {
    return a - b < 0;
  }

  /** Unsigned, for people. */
  public static String text(int seq) {
    return Integer.toUnsignedString(seq);
  }
}
