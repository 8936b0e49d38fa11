package dev.ktd.os;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * A network: address and prefix length. {@link #parse} and {@link #toString} are a pair.
 * IPv4-mapped IPv6 addresses are IPv4 here, as the JDK has them.
 *
 * @param network first address; host bits are zero
 * @param prefixLength 0 to 32 (IPv4) or 128 (IPv6)
 */
public record Cidr(InetAddress network, int prefixLength) {
  /** The JDK also takes {@code 10.1} and {@code 10}, which in a network are rather a slip. */
  private static final Pattern DOTTED_QUAD = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

  /**
   * @throws IllegalArgumentException when the prefix length is out of range or host bits are set;
   *     the message is fit for people
   */
  public Cidr {
    if (prefixLength < 0 || prefixLength > bits(network)) {
      throw new IllegalArgumentException(
          text(network) + "/" + prefixLength + ": the prefix length is 0 to " + bits(network));
    }
    InetAddress masked = mask(network, prefixLength);
    if (!masked.equals(network)) {
      throw new IllegalArgumentException(
          text(network)
              + "/"
              + prefixLength
              + " has host bits; the network is "
              + text(masked)
              + "/"
              + prefixLength);
    }
  }

  /**
   * Reads {@code 10.43.0.0/16}, {@code fd00::/64} or a single address. Never asks a name server.
   *
   * @throws IllegalArgumentException with a message fit for people
   */
  public static Cidr parse(String text) {
    int slash = text.indexOf('/');
    InetAddress address = address(slash < 0 ? text : text.substring(0, slash), text);
    if (slash < 0) {
      return of(address);
    }
    String length = text.substring(slash + 1);
    if (!length.matches("\\d{1,3}")) {
      throw new IllegalArgumentException(text + ": the prefix length is not a number");
    }
    return new Cidr(address, Integer.parseInt(length));
  }

  /** The network of one address: /32 or /128. */
  public static Cidr of(InetAddress address) {
    return of(address, bits(address));
  }

  /** The network of {@code prefixLength} that {@code address} is in. */
  public static Cidr of(InetAddress address, int prefixLength) {
    return new Cidr(mask(address, Math.clamp(prefixLength, 0, bits(address))), prefixLength);
  }

  public boolean isIpv4() {
    return network instanceof Inet4Address;
  }

  public boolean contains(InetAddress address) {
    return address.getAddress().length == network.getAddress().length
        && mask(address, prefixLength).equals(network);
  }

  /** Whether all of {@code other} lies in this network. */
  public boolean contains(Cidr other) {
    return other.prefixLength >= prefixLength && contains(other.network);
  }

  public boolean overlaps(Cidr other) {
    return contains(other) || other.contains(this);
  }

  @Override
  public String toString() {
    return text(network) + "/" + prefixLength;
  }

  /** The address as people write it; IPv6 shortened by RFC 5952 section 4. */
  public static String text(InetAddress address) {
    byte[] bytes = address.getAddress();
    if (bytes.length == 4) {
      return address.getHostAddress();
    }
    int zeroStart = -1;
    int zeroLength = 1; // A single zero group is not shortened (section 4.2.2).
    for (int group = 0; group < 8; group++) {
      int end = group;
      while (end < 8 && group(bytes, end) == 0) {
        end++;
      }
      if (end - group > zeroLength) {
        zeroStart = group;
        zeroLength = end - group;
      }
      group = Math.max(group, end);
    }
    var text = new StringBuilder();
    for (int group = 0; group < 8; group++) {
      if (group == zeroStart) {
        text.append("::");
        group += zeroLength - 1;
        continue;
      }
      if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
        text.append(':');
      }
      text.append(Integer.toHexString(group(bytes, group)));
    }
    return text.toString();
  }

  private static int group(byte[] bytes, int index) {
    return (bytes[2 * index] & 0xff) << 8 | (bytes[2 * index + 1] & 0xff);
  }

  private static InetAddress address(String literal, String whole) {
    boolean looksRight =
        literal.indexOf(':') >= 0
            ? literal.indexOf('%') < 0 && literal.indexOf('[') < 0
            : DOTTED_QUAD.matcher(literal).matches();
    if (looksRight) {
      try {
        return InetAddress.ofLiteral(literal);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(whole + " is not an IP address or network", e);
      }
    }
    throw new IllegalArgumentException(whole + " is not an IP address or network");
  }

  private static int bits(InetAddress address) {
    return address instanceof Inet4Address ? 32 : 128;
  }

  private static InetAddress mask(InetAddress address, int prefixLength) {
    byte[] bytes = address.getAddress();
    int whole = prefixLength / 8;
    if (whole < bytes.length) {
      bytes[whole] &= (byte) (0xff00 >> (prefixLength % 8));
      Arrays.fill(bytes, whole + 1, bytes.length, (byte) 0);
    }
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e); // Only for lengths other than 4 and 16.
    }
  }
}
