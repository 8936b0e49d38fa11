package dev.ktd.stack;

import static dev.ktd.packet.Wire.*;

import dev.ktd.packet.Checksum;
import dev.ktd.packet.Packet;
import dev.ktd.stack.ChunkPool.Chunk;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Puts fragmented packets together again (RFC 791; RFC 8200, section 4.5), bounded. */
final class Reassembly {
  private static final int MOST_PACKETS = 64;
  private static final int MOST_HOLES = 64;
  private static final long LIFETIME = 15 * RoundTrip.SECOND;

  private final ChunkPool pool;
  private final Counters counters;
  private final Map<Key, Pieces> packets = new LinkedHashMap<>();

  Reassembly(ChunkPool pool, Counters counters) {
    this.pool = pool;
    this.counters = counters;
  }

  private record Key(
      long sourceHigh,
      long sourceLow,
      long destinationHigh,
      long destinationLow,
      int id,
      int protocol) {}

  /** The pieces of one packet so far. */
  private static final class Pieces {
    private final Chunk chunk;
    private final Intervals present = new Intervals(MOST_HOLES);
    private final long until;
    private int total = -1;

    Pieces(Chunk chunk, long until) {
      this.chunk = chunk;
      this.until = until;
    }
  }

  /**
   * Takes a fragment.
   *
   * @return the chunk with the whole packet, from its position to its limit, when this was the last
   *     missing piece; to be returned by {@link #done}. Null otherwise
   */
  @Nullable Chunk add(Packet fragment, long now) {
    Key key =
        new Key(
            fragment.sourceHigh(),
            fragment.sourceLow(),
            fragment.destinationHigh(),
            fragment.destinationLow(),
            fragment.fragmentId(),
            fragment.protocol());
    Pieces pieces = packets.get(key);
    if (pieces == null) {
      pieces = start(key, now);
      if (pieces == null) {
        counters.count(Counter.DROP_FRAGMENT);
        return null;
      }
    }
    int header = fragment.v6() ? IPV6_HEADER : IPV4_HEADER;
    if (!place(pieces, fragment, header)) {
      packets.remove(key);
      pool.giveBack(pieces.chunk);
      counters.count(Counter.DROP_FRAGMENT);
      return null;
    }
    if (pieces.total < 0 || !pieces.present.covers(0, pieces.total)) {
      return null;
    }
    packets.remove(key);
    writeHeader(pieces.chunk.bytes(), fragment, header, pieces.total);
    return pieces.chunk;
  }

  private @Nullable Pieces start(Key key, long now) {
    Chunk chunk = packets.size() < MOST_PACKETS ? pool.take() : null;
    if (chunk == null) {
      return null;
    }
    Pieces pieces = new Pieces(chunk, now + LIFETIME);
    packets.put(key, pieces);
    return pieces;
  }

  /** False: the fragment contradicts the others, and the packet is not to be trusted (RFC 5722). */
  private static boolean place(Pieces pieces, Packet fragment, int header) {
    int start = fragment.fragmentOffset();
    int length = fragment.transportLength();
    int end = start + length;
    if (length == 0 || header + end > 0xffff) {
      return false;
    }
    if (fragment.moreFragments() && length % 8 != 0) {
      return false;
    }
    if (pieces.present.covers(start, end)) {
      return true;
    }
    boolean behindTheEnd = pieces.total >= 0 && end > pieces.total;
    if (behindTheEnd
        || pieces.present.overlaps(start, end)
        || !pieces.present.accepts(start, end)) {
      return false;
    }
    if (!fragment.moreFragments()) {
      if (pieces.total >= 0 || pieces.present.overlaps(end, Long.MAX_VALUE)) {
        return false;
      }
      pieces.total = end;
    }
    pieces.chunk.bytes().put(header + start, fragment.buffer(), fragment.transportOffset(), length);
    pieces.present.add(start, end);
    return true;
  }

  private static void writeHeader(ByteBuffer bytes, Packet fragment, int header, int total) {
    bytes.put(0, fragment.buffer(), fragment.ipOffset(), header);
    if (fragment.v6()) {
      bytes.putShort(4, (short) total).put(6, (byte) fragment.protocol());
    } else {
      bytes.put(0, (byte) 0x45).putShort(2, (short) (header + total)).putShort(6, (short) 0);
      bytes.putShort(10, (short) 0);
      long sum = Checksum.sum(bytes, 0, header);
      bytes.putShort(10, (short) Checksum.complement(sum));
    }
    bytes.limit(header + total).position(0);
  }

  void done(Chunk chunk) {
    chunk.bytes().clear();
    pool.giveBack(chunk);
  }

  /** When the oldest incomplete packet is to be given up. */
  long deadline() {
    return packets.isEmpty() ? Timers.NEVER : packets.values().iterator().next().until;
  }

  void expire(long now) {
    if (packets.isEmpty()) {
      return; // Each turn comes here: an iterator would be all that it allocates.
    }
    Iterator<Pieces> oldest = packets.values().iterator();
    while (oldest.hasNext()) {
      Pieces pieces = oldest.next();
      if (pieces.until > now) {
        return;
      }
      oldest.remove();
      pool.giveBack(pieces.chunk);
      counters.count(Counter.DROP_FRAGMENT);
    }
  }

  void close() {
    for (Pieces pieces : packets.values()) {
      pool.giveBack(pieces.chunk);
    }
    packets.clear();
  }
}
