package dev.ktd.stack;

import dev.ktd.packet.Packet;
import dev.ktd.stack.ChunkPool.Chunk;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Puts fragmented packets together again (RFC 791; RFC 8200, section 4.5): so many at a time, each
 * in a chunk of the pool; when there are more, the oldest goes.
 *
 * <p>A packet whose fragments overlap is not to be trusted: it is discarded, and so is what comes
 * of it later (RFC 5722), in IPv4 as well, as Linux does. A fragment that was merely repeated is
 * not an overlap.
 */
final class Reassembly {
  private static final int MOST_PACKETS = 64;

  /** Linux; RFC 8200 says 60 s, RFC 1122 60 to 120 s. */
  private static final long LIFETIME = 30 * RoundTrip.SECOND;

  private final ChunkPool pool;
  private final Counters counters;

  /** In the order of their first fragments, and so of their deadlines. */
  private final Map<Key, Partial> packets = new LinkedHashMap<>();

  Reassembly(ChunkPool pool, Counters counters) {
    this.pool = pool;
    this.counters = counters;
  }

  /**
   * What the fragments of a packet have in common.
   *
   * @param protocol of IPv4; 0 in IPv6, where only the first fragment's counts
   */
  private record Key(
      long sourceHigh,
      long sourceLow,
      long destinationHigh,
      long destinationLow,
      int id,
      int protocol) {}

  /** A packet and what becomes of it. */
  private static final class Partial {
    private final long until;

    /** Null: the packet was discarded, and its other fragments are to be, too. */
    private @Nullable FragmentedPacket pieces;

    Partial(FragmentedPacket pieces, long until) {
      this.pieces = pieces;
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
            fragment.v6() ? 0 : fragment.protocol());
    Partial partial = packets.get(key);
    if (partial == null) {
      partial = start(key, now);
      if (partial == null) {
        counters.count(Counter.DROP_FRAGMENT_BUDGET);
        return null;
      }
    }
    FragmentedPacket pieces = partial.pieces;
    if (pieces == null) {
      counters.count(Counter.DROP_FRAGMENT_REST);
      return null;
    }
    Counter rejection = pieces.place(fragment);
    if (rejection != null) {
      counters.count(rejection);
      partial.pieces = null;
      pool.giveBack(pieces.chunk());
      return null;
    }
    if (!pieces.complete()) {
      return null;
    }
    packets.remove(key);
    pieces.finish();
    return pieces.chunk();
  }

  private @Nullable Partial start(Key key, long now) {
    if (packets.size() >= MOST_PACKETS) {
      evictOldest();
    }
    Chunk chunk = pool.take();
    while (chunk == null && !packets.isEmpty()) {
      evictOldest();
      chunk = pool.take();
    }
    if (chunk == null) {
      return null;
    }
    Partial partial = new Partial(new FragmentedPacket(chunk), now + LIFETIME);
    packets.put(key, partial);
    return partial;
  }

  private void evictOldest() {
    Iterator<Partial> oldest = packets.values().iterator();
    drop(oldest, oldest.next(), Counter.DROP_FRAGMENT_EVICTED);
  }

  private void drop(Iterator<Partial> at, Partial partial, Counter why) {
    at.remove();
    if (partial.pieces != null) {
      pool.giveBack(partial.pieces.chunk());
      counters.count(why);
    }
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
    Iterator<Partial> oldest = packets.values().iterator();
    while (oldest.hasNext()) {
      Partial partial = oldest.next();
      if (partial.until > now) {
        return;
      }
      drop(oldest, partial, Counter.DROP_FRAGMENT_TIMEOUT);
    }
  }

  void close() {
    for (Partial partial : packets.values()) {
      if (partial.pieces != null) {
        pool.giveBack(partial.pieces.chunk());
      }
    }
    packets.clear();
  }
}
