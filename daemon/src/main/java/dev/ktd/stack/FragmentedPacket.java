package dev.ktd.stack;

import static dev.ktd.packet.Wire.*;

import dev.ktd.packet.Checksum;
import dev.ktd.packet.Packet;
import dev.ktd.stack.ChunkPool.Chunk;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The pieces of one packet so far, each at its place in a chunk, behind room for the header. */
final class FragmentedPacket {
  private static final int LONGEST_PACKET = 0xffff;

  /** 64 KiB in pieces of 576 bytes, the least every IPv4 host takes, are 119. */
  private static final int MOST_PIECES = 128;

  private final Chunk chunk;

  /** Start and end of each piece, in the order of arrival; none overlaps another. */
  private int[] bounds = new int[16];

  private int pieces;
  private int received;
  private int total = -1;
  private int header;
  private boolean v6;
  private int protocol;

  FragmentedPacket(Chunk chunk) {
    this.chunk = chunk;
  }

  Chunk chunk() {
    return chunk;
  }

  /** Why the whole packet is to be discarded; null when the fragment was taken, or a repetition. */
  @Nullable Counter place(Packet fragment) {
    int start = fragment.fragmentOffset();
    int length = fragment.transportLength();
    int end = start + length;
    boolean last = !fragment.moreFragments();
    header = fragment.v6() ? IPV6_HEADER : IPV4_HEADER;
    if (length == 0 || (!last && length % 8 != 0) || isTiny(fragment)) {
      return Counter.DROP_FRAGMENT_SHAPE;
    }
    if (header + end > LONGEST_PACKET) {
      return Counter.DROP_FRAGMENT_TOO_LONG;
    }
    for (int i = 0; i < pieces; i++) {
      if (bounds[2 * i] == start && bounds[2 * i + 1] == end && last == (end == total)) {
        return null;
      }
      if (bounds[2 * i] < end && start < bounds[2 * i + 1]) {
        return Counter.DROP_FRAGMENT_OVERLAP;
      }
    }
    boolean contradiction = total >= 0 ? last || end > total : last && furthest() > end;
    if (contradiction) {
      return Counter.DROP_FRAGMENT_OVERLAP;
    }
    if (pieces == MOST_PIECES) {
      return Counter.DROP_FRAGMENT_PIECES;
    }
    take(fragment, start, length, last);
    return null;
  }

  /**
   * RFC 7112 and RFC 1858: the first fragment holds all headers, or somebody hides them from a
   * packet filter.
   */
  private static boolean isTiny(Packet fragment) {
    int least =
        switch (fragment.protocol()) {
          case TCP -> TCP_HEADER;
          case UDP -> UDP_HEADER;
          case ICMP, ICMPV6 -> ICMP_HEADER;
          default -> 0;
        };
    return fragment.fragmentOffset() == 0 && fragment.transportLength() < least;
  }

  private int furthest() {
    int furthest = 0;
    for (int i = 0; i < pieces; i++) {
      furthest = Math.max(furthest, bounds[2 * i + 1]);
    }
    return furthest;
  }

  private void take(Packet fragment, int start, int length, boolean last) {
    if (2 * pieces == bounds.length) {
      bounds = Arrays.copyOf(bounds, bounds.length * 2);
    }
    bounds[2 * pieces] = start;
    bounds[2 * pieces + 1] = start + length;
    pieces++;
    received += length;
    if (last) {
      total = start + length;
    }
    ByteBuffer bytes = chunk.bytes();
    bytes.put(header + start, fragment.buffer(), fragment.transportOffset(), length);
    if (start == 0) {
      // RFC 8200, section 4.5: header and protocol are those of the first fragment.
      v6 = fragment.v6();
      protocol = fragment.protocol();
      bytes.put(0, fragment.buffer(), fragment.ipOffset(), header);
    }
  }

  /** Whether nothing is missing. */
  boolean complete() {
    return received == total;
  }

  /** Makes the header that of a whole packet; the chunk then holds it up to its limit. */
  void finish() {
    ByteBuffer bytes = chunk.bytes();
    if (v6) {
      bytes.putShort(4, (short) total).put(6, (byte) protocol);
    } else {
      // Options of the first fragment, which nobody needs, are left out.
      bytes.put(0, (byte) 0x45).putShort(2, (short) (header + total)).putShort(6, (short) 0);
      bytes.putShort(10, (short) 0);
      long sum = Checksum.sum(bytes, 0, header);
      bytes.putShort(10, (short) Checksum.complement(sum));
    }
    bytes.limit(header + total).position(0);
  }
}
