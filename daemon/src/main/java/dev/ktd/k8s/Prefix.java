package dev.ktd.k8s;

import java.math.BigInteger;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A network as number and length, IPv4 or IPv6.
 *
 * @param bits the address, host bits zero
 * @param width 32 or 128
 */
record Prefix(BigInteger bits, int length, int width) {
  private static final int WIDTH_4 = 32;
  private static final int WIDTH_6 = 128;

  Prefix {
    int host = width - length;
    bits = bits.shiftRight(host).shiftLeft(host);
  }

  /** From {@code 10.42.0.0/16} or an address alone; null when it is neither. Never asks DNS. */
  static @Nullable Prefix parse(@Nullable String text) {
    if (text == null) {
      return null;
    }
    int slash = text.indexOf('/');
    try {
      InetAddress address = InetAddress.ofLiteral(slash < 0 ? text : text.substring(0, slash));
      int width = address instanceof Inet6Address ? WIDTH_6 : WIDTH_4;
      int length = slash < 0 ? width : Integer.parseInt(text.substring(slash + 1));
      return length < 0 || length > width
          ? null
          : new Prefix(new BigInteger(1, address.getAddress()), length, width);
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  /** Whether it is an address of this host, 127.0.0.0/8 or ::1. */
  boolean isLoopback() {
    return width == WIDTH_4
        ? bits.shiftRight(24).intValue() == 127
        : length == width && bits.equals(BigInteger.ONE);
  }

  boolean contains(Prefix other) {
    return width == other.width
        && length <= other.length
        && new Prefix(other.bits, length, width).bits.equals(bits);
  }

  /**
   * Few networks that hold all addresses. What is seen is a sample of what will be given out, so a
   * cover is no narrower than a /24 (IPv6 /120): the next pod or Service lies beside the last. And
   * it is no wider than a /16 (IPv6 /112, 65,536 addresses as well): neighbours that happen to
   * share their first bits must not swallow networks of the laptop. In between it is the smallest
   * prefix.
   */
  static List<Prefix> covers(List<Prefix> addresses) {
    Map<Prefix, Prefix> byWidest = new LinkedHashMap<>();
    for (Prefix address : addresses) {
      int widest = address.width - 16;
      int narrowest = address.width - 8;
      byWidest.merge(
          new Prefix(address.bits, Math.min(widest, address.length), address.width),
          new Prefix(address.bits, Math.min(narrowest, address.length), address.width),
          Prefix::common);
    }
    return outermost(new ArrayList<>(byWidest.values()));
  }

  private Prefix common(Prefix other) {
    int length = Math.min(this.length, other.length);
    int differing = bits.xor(other.bits).bitLength();
    return new Prefix(bits, Math.min(length, width - differing), width);
  }

  /** Without those that lie in others, IPv4 first, in order of address. */
  static List<Prefix> outermost(List<Prefix> prefixes) {
    List<Prefix> distinct = prefixes.stream().distinct().toList();
    return distinct.stream()
        .filter(
            inner ->
                distinct.stream().noneMatch(outer -> !outer.equals(inner) && outer.contains(inner)))
        .sorted(Comparator.comparingInt(Prefix::width).thenComparing(Prefix::bits))
        .toList();
  }

  /** Canonical, IPv6 as in RFC 5952: {@code 10.42.0.0/16}, {@code fd42::/48}. */
  @Override
  public String toString() {
    return (width == WIDTH_4 ? text4() : text6()) + '/' + length;
  }

  private String text4() {
    int value = bits.intValue();
    return (value >>> 24)
        + "."
        + (value >>> 16 & 255)
        + "."
        + (value >>> 8 & 255)
        + "."
        + (value & 255);
  }

  private String text6() {
    int[] groups = new int[8];
    for (int i = 0; i < 8; i++) {
      groups[i] = bits.shiftRight(16 * (7 - i)).intValue() & 0xffff;
    }
    int bestStart = -1;
    int bestLength = 1; // a single zero group is not shortened
    for (int start = 0; start < 8; start++) {
      int end = start;
      while (end < 8 && groups[end] == 0) {
        end++;
      }
      if (end - start > bestLength) {
        bestStart = start;
        bestLength = end - start;
      }
    }
    var text = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      if (i == bestStart) {
        text.append("::");
        i += bestLength - 1;
      } else {
        if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
          text.append(':');
        }
        text.append(Integer.toHexString(groups[i]));
      }
    }
    return text.toString();
  }
}
