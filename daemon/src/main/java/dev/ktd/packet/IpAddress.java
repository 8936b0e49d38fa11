package dev.ktd.packet;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/**
 * Addresses as two longs, so that the hot path needs no objects. IPv4 is kept as IPv4-mapped
 * (::ffff:a.b.c.d), which never occurs on the wire.
 */
public final class IpAddress {
  private static final long V4_PREFIX = 0xffff_0000_0000L;

  private IpAddress() {}

  /** The low half of an IPv4 address; its high half is 0. */
  public static long v4(int address) {
    return V4_PREFIX | (address & 0xffff_ffffL);
  }

  public static boolean isV4(long high, long low) {
    return high == 0 && low >>> 32 == 0xffff;
  }

  public static boolean isMulticast(long high, long low) {
    return isV4(high, low) ? (low >>> 28 & 0xf) == 0xe : high >>> 56 == 0xff;
  }

  /** 255.255.255.255. */
  public static boolean isBroadcast(long high, long low) {
    return isV4(high, low) && (int) low == -1;
  }

  /** 0.0.0.0/8 (this network, RFC 1122) or ::. */
  public static boolean isUnspecified(long high, long low) {
    return isV4(high, low) ? (low >>> 24 & 0xff) == 0 : high == 0 && low == 0;
  }

  /** 127.0.0.0/8 or ::1. */
  public static boolean isLoopback(long high, long low) {
    return isV4(high, low) ? (low >>> 24 & 0xff) == 127 : high == 0 && low == 1;
  }

  /** 169.254.0.0/16 (RFC 3927) or fe80::/10: never routed. */
  public static boolean isLinkLocal(long high, long low) {
    return isV4(high, low) ? (low >>> 16 & 0xffff) == 0xa9fe : high >>> 54 == 0x3fa;
  }

  public static long high(InetAddress address) {
    return address instanceof Inet6Address ? ByteBuffer.wrap(address.getAddress()).getLong(0) : 0;
  }

  public static long low(InetAddress address) {
    ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
    return address instanceof Inet6Address ? bytes.getLong(8) : v4(bytes.getInt(0));
  }

  public static InetAddress inetAddress(long high, long low) {
    ByteBuffer bytes =
        isV4(high, low)
            ? ByteBuffer.allocate(4).putInt((int) low)
            : ByteBuffer.allocate(16).putLong(high).putLong(low);
    try {
      return InetAddress.getByAddress(bytes.array());
    } catch (UnknownHostException e) {
      throw new AssertionError("4 or 16 bytes are an address", e);
    }
  }
}
