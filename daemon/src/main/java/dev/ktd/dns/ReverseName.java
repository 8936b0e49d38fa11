package dev.ktd.dns;

import dev.ktd.os.Cidr;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Name;

/**
 * Reads names below in-addr.arpa (RFC 1035 section 3.5) and ip6.arpa (RFC 3596 section 2.5): an
 * address, or with fewer labels the network of all that start like it.
 */
final class ReverseName {
  private static final Name IPV4 = Name.fromConstantString("in-addr.arpa.");
  private static final Name IPV6 = Name.fromConstantString("ip6.arpa.");

  private ReverseName() {}

  /** The network that {@code name} stands for; null when it is no reverse name. */
  static @Nullable Cidr network(Name name) {
    int given = name.labels() - IPV4.labels();
    if (name.subdomain(IPV4) && given >= 1 && given <= 4) {
      return read(name, given, new byte[4], 8, 10);
    }
    if (name.subdomain(IPV6) && given >= 1 && given <= 32) {
      return read(name, given, new byte[16], 4, 16);
    }
    return null;
  }

  private static @Nullable Cidr read(
      Name name, int given, byte[] address, int bitsPerLabel, int radix) {
    for (int i = 0; i < given; i++) {
      int value = number(name.getLabelString(given - 1 - i), radix);
      if (value < 0) {
        return null;
      }
      int bit = i * bitsPerLabel;
      address[bit / 8] |= (byte) (value << (8 - bitsPerLabel - bit % 8));
    }
    try {
      InetAddress first = InetAddress.getByAddress(address);
      // The JDK turns IPv4-mapped addresses into IPv4; nobody asks for them by ip6.arpa.
      return first.getAddress().length == address.length
          ? new Cidr(first, given * bitsPerLabel)
          : null;
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e); // only for lengths other than 4 and 16
    }
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
}
