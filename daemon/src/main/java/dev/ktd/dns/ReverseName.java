package dev.ktd.dns;

import dev.ktd.os.Cidr;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Name;

/**
 * An address, or the leading bits of one, written as a name below in-addr.arpa (RFC 1035 section
 * 3.5) or ip6.arpa (RFC 3596 section 2.5).
 */
final class ReverseName {
  private static final Name IPV4 = Name.fromConstantString("in-addr.arpa.");
  private static final Name IPV6 = Name.fromConstantString("ip6.arpa.");

  /** All 4 or 16 bytes, unknown ones zero. */
  private final byte[] address;

  /** How many leading bits the name gives. */
  private final int bits;

  private ReverseName(byte[] address, int bits) {
    this.address = address;
    this.bits = bits;
  }

  /** The meaning of {@code name}; null when it is no reverse name. */
  static @Nullable ReverseName of(Name name) {
    int given = name.labels() - IPV4.labels();
    if (name.subdomain(IPV4) && given >= 1 && given <= 4) {
      return read(name, given, new byte[4], 8, 10);
    }
    if (name.subdomain(IPV6) && given >= 1 && given <= 32) {
      return read(name, given, new byte[16], 4, 16);
    }
    return null;
  }

  private static @Nullable ReverseName read(
      Name name, int given, byte[] address, int bitsPerLabel, int radix) {
    for (int i = 0; i < given; i++) {
      int value = number(name.getLabelString(given - 1 - i), radix);
      if (value < 0) {
        return null;
      }
      int bit = i * bitsPerLabel;
      address[bit / 8] |= (byte) (value << (8 - bitsPerLabel - bit % 8));
    }
    return new ReverseName(address, given * bitsPerLabel);
  }

  /** One label: 0 to 255 in decimal without leading zeros, or one hexadecimal digit; else -1. */
  private static int number(String label, int radix) {
    int longest = radix == 16 ? 1 : 3;
    if (label.isEmpty() || label.length() > longest) {
      return -1;
    }
    int value = 0;
    for (int i = 0; i < label.length(); i++) {
      char c = label.charAt(i);
      int digit = c < 0x80 ? Character.digit(c, radix) : -1;
      if (digit < 0 || (i > 0 && value == 0)) {
        return -1;
      }
      value = value * radix + digit;
    }
    return value <= 255 ? value : -1;
  }

  /** Whether every address with these bits is in one of the networks. */
  boolean isWithin(List<Cidr> networks) {
    for (Cidr network : networks) {
      byte[] base = network.network().getAddress();
      if (base.length == address.length
          && bits >= network.prefixLength()
          && sameBits(base, address, network.prefixLength())) {
        return true;
      }
    }
    return false;
  }

  private static boolean sameBits(byte[] a, byte[] b, int count) {
    for (int bit = 0; bit < count; bit++) {
      if (((a[bit / 8] ^ b[bit / 8]) & (0x80 >> bit % 8)) != 0) {
        return false;
      }
    }
    return true;
  }
}
