package dev.ktd.stack;

import dev.ktd.packet.Choices;
import dev.ktd.packet.Expect;
import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Packet;
import dev.ktd.packet.ParseResult;
import dev.ktd.packet.Wire;
import dev.ktd.stack.ChunkPool.Chunk;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * Fragments in any order, against a slow model: a packet comes out with the fragment that makes it
 * whole, byte for byte, and never again once two fragments of it contradict each other (RFC 5722).
 */
public final class ReassemblyFuzz {
  private static final long BUDGET = 1 << 20;
  private static final int IDS = 24;
  private static final int MOST_PIECES = 128;
  private static final int LARGEST = 0xffff;
  private static final long ALL_EXPIRE = 120_000_000_000L;

  private final Choices choices;
  private final ChunkPool pool = new WatchedChunkPool(BUDGET);
  private final Reassembly reassembly = new Reassembly(pool, new Counters());
  private final HeaderBuilder builder = new HeaderBuilder(false, false);
  private final Packet packet = new Packet();
  private final SequencedMap<Id, Model> models = new LinkedHashMap<>();
  private long now;

  private ReassemblyFuzz(Choices choices) {
    this.choices = choices;
  }

  /** One input: fragments, and now and then a time after which all are given up. */
  public static void fuzzerTestOneInput(byte[] input) {
    new ReassemblyFuzz(Choices.ofBytes(input)).run();
  }

  private record Id(boolean v6, int number) {}

  private record Piece(int offset, int end, boolean more, int variant) {
    boolean overlaps(Piece other) {
      return offset < other.end && other.offset < end;
    }

    boolean repeats(Piece other) {
      return offset == other.offset && end == other.end && more == other.more;
    }
  }

  private enum Fate {
    WAITS,
    WHOLE,
    DROPPED
  }

  /** The fragments of a packet so far. */
  private static final class Model {
    private final List<Piece> pieces = new ArrayList<>();
    private int total = -1;
    private boolean dropped;

    Fate add(Piece piece, int headerLength) {
      Fate fate = dropped ? Fate.DROPPED : place(piece, headerLength);
      dropped = fate == Fate.DROPPED;
      return fate;
    }

    private Fate place(Piece piece, int headerLength) {
      int length = piece.end - piece.offset;
      if (length == 0 || headerLength + piece.end > LARGEST || (piece.more && length % 8 != 0)) {
        return Fate.DROPPED;
      }
      if (pieces.stream().anyMatch(piece::repeats)) {
        return Fate.WAITS;
      }
      boolean behindTheEnd = total >= 0 && piece.end > total;
      boolean anotherEnd =
          !piece.more && (total >= 0 || pieces.stream().anyMatch(each -> each.end > piece.end));
      if (behindTheEnd
          || anotherEnd
          || pieces.stream().anyMatch(piece::overlaps)
          || pieces.size() == MOST_PIECES) {
        return Fate.DROPPED;
      }
      pieces.add(piece);
      total = piece.more ? total : piece.end;
      int present = pieces.stream().mapToInt(each -> each.end - each.offset).sum();
      return present == total ? Fate.WHOLE : Fate.WAITS;
    }
  }

  private void run() {
    while (!choices.exhausted()) {
      if (choices.oneIn(32)) {
        now += ALL_EXPIRE;
        reassembly.expire(now);
        models.clear();
        Expect.that(pool.bytesInUse() == 0, "all should be given up");
        Expect.that(reassembly.deadline() == Timers.NEVER, "there is nothing to wait for");
      } else {
        fragment();
      }
      Expect.that(pool.bytesInUse() <= BUDGET, "%d bytes in use", pool.bytesInUse());
    }
    reassembly.close();
    Expect.that(pool.bytesInUse() == 0, "%d bytes are left", pool.bytesInUse());
  }

  private void fragment() {
    Id id = new Id(choices.below(2) == 1, choices.below(IDS));
    int offset = 8 * (choices.below(4) == 0 ? choices.below(1 << 13) : choices.below(8));
    int length = choices.below(4) == 0 ? choices.below(2000) : 8 * choices.below(4);
    Piece piece =
        new Piece(offset, offset + length, choices.below(3) > 0, choices.below(8) == 7 ? 1 : 0);
    if (offset == 0 && !piece.more) {
      return; // A whole packet, not a fragment.
    }
    if (!models.containsKey(id)) {
      makeRoom();
    }
    Model model = models.computeIfAbsent(id, _ -> new Model());
    Fate fate = model.add(piece, headerLength(id));
    if (fate == Fate.WHOLE) {
      models.remove(id);
    }
    ParseResult parsed = packet.parse(frame(id, piece), false);
    Expect.that(parsed == ParseResult.FRAGMENT, "the fragment is %s", parsed);
    Chunk whole = reassembly.add(packet, now);
    Expect.that(
        (whole != null) == (fate == Fate.WHOLE),
        "%s of %s: %s, pieces %s",
        piece,
        id,
        fate,
        model.pieces);
    if (whole != null) {
      compare(whole.bytes(), id, model);
      reassembly.done(whole);
    }
    Expect.that(
        pool.bytesInUse() == inMemory() << ChunkPool.CHUNK_SHIFT,
        "%d bytes for %d packets",
        pool.bytesInUse(),
        inMemory());
  }

  private long inMemory() {
    return models.values().stream().filter(model -> !model.dropped).count();
  }

  /** The oldest packets give way to a new one. */
  private void makeRoom() {
    while (inMemory() << ChunkPool.CHUNK_SHIFT == BUDGET) {
      models.pollFirstEntry();
    }
  }

  private static int headerLength(Id id) {
    return id.v6 ? Wire.IPV6_HEADER : Wire.IPV4_HEADER;
  }

  private ByteBuffer frame(Id id, Piece piece) {
    long high = id.v6 ? 0xfd00L << 48 : 0;
    long from = id.v6 ? 1 : IpAddress.v4(0xc612_0001);
    long to = id.v6 ? 2 : IpAddress.v4(0x0a2b_0709);
    builder.ip(high, from, high, to, Wire.UDP);
    builder.fragment(id.number, piece.offset, piece.more);
    int length = piece.end - piece.offset;
    ByteBuffer head = builder.finish(length);
    ByteBuffer frame = ByteBuffer.allocate(head.remaining() + length).put(head);
    for (int at = piece.offset; at < piece.end; at++) {
      frame.put(value(id, at, piece.variant));
    }
    return frame.flip();
  }

  private static byte value(Id id, int at, int variant) {
    return (byte) (id.number * 7 + at * 31 + (at >> 8) + variant * 101);
  }

  private static void compare(ByteBuffer whole, Id id, Model model) {
    int header = headerLength(id);
    Expect.that(
        whole.position() == 0 && whole.remaining() == header + model.total,
        "%d bytes at %d",
        whole.remaining(),
        whole.position());
    for (Piece piece : model.pieces) {
      for (int at = piece.offset; at < piece.end; at++) {
        byte actual = whole.get(header + at);
        Expect.that(actual == value(id, at, piece.variant), "byte %d of %s", at, id);
      }
    }
    ParseResult parsed = new Packet().parse(whole, false);
    Expect.that(
        parsed != ParseResult.HEADER_CHECKSUM && parsed != ParseResult.FRAGMENT,
        "what was put together is %s",
        parsed);
  }
}
