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
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Fragments in any order, against a slow model that keeps all of them: what comes out was sent,
 * byte for byte, and a packet whose fragments contradict nothing comes out with its last one.
 */
public final class ReassemblyFuzz {
  private static final long BUDGET = 1 << 20;
  private static final int IDS = 24;
  private static final int LARGEST = 0xffff;
  private static final long ALL_EXPIRE = 120_000_000_000L;

  private final Choices choices;
  private final ChunkPool pool = new WatchedChunkPool(BUDGET);
  private final Reassembly reassembly = new Reassembly(pool, new Counters());
  private final HeaderBuilder builder = new HeaderBuilder(false, false);
  private final Packet packet = new Packet();
  private final Map<Id, Model> models = new HashMap<>();
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
  }

  /** All fragments of a packet. */
  private static final class Model {
    private final List<Piece> pieces = new ArrayList<>();

    /**
     * Nothing contradicts, nothing is repeated and no bound was met, so it must be put together.
     */
    private boolean clean = true;

    void add(Piece piece, int headerLength) {
      int last = pieces.stream().filter(each -> !each.more).mapToInt(Piece::end).sum();
      clean &=
          piece.end > piece.offset
              && headerLength + piece.end <= LARGEST
              && (!piece.more || (piece.end - piece.offset) % 8 == 0)
              && pieces.stream().noneMatch(piece::overlaps)
              && (last == 0 || (piece.more && piece.end <= last))
              && (piece.more || pieces.stream().allMatch(each -> each.end <= piece.offset))
              && pieces.size() < 32;
      pieces.add(piece);
    }

    boolean complete() {
      int last = pieces.stream().filter(each -> !each.more).mapToInt(Piece::end).sum();
      return clean && last > 0 && last == pieces.stream().mapToInt(e -> e.end - e.offset).sum();
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
    Model model = models.computeIfAbsent(id, _ -> new Model());
    model.clean &= !model.pieces.isEmpty() || pool.available() > 0;
    model.add(piece, id.v6 ? Wire.IPV6_HEADER : Wire.IPV4_HEADER);
    ParseResult parsed = packet.parse(frame(id, piece), false);
    Expect.that(parsed == ParseResult.FRAGMENT, "the fragment is %s", parsed);
    Chunk whole = reassembly.add(packet, now);
    if (whole != null) {
      compare(whole.bytes(), id, model);
      reassembly.done(whole);
      models.remove(id);
    } else {
      Expect.that(!model.complete(), "%s is complete: %s", id, model.pieces);
    }
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
    int header = id.v6 ? Wire.IPV6_HEADER : Wire.IPV4_HEADER;
    int length = whole.remaining() - header;
    Expect.that(whole.position() == 0, "it starts at %s", whole.position());
    Expect.that(
        model.pieces.stream().anyMatch(each -> !each.more && each.end == length),
        "no fragment ends the packet at %s",
        length);
    for (int i = 0; i < length; i++) {
      int at = i;
      byte actual = whole.get(header + at);
      Expect.that(
          model.pieces.stream()
              .anyMatch(
                  each ->
                      each.offset <= at && at < each.end && value(id, at, each.variant) == actual),
          "byte %d of %s was never sent",
          at,
          id);
    }
    ParseResult parsed = new Packet().parse(whole, false);
    Expect.that(
        parsed != ParseResult.HEADER_CHECKSUM && parsed != ParseResult.FRAGMENT,
        "what was put together is %s",
        parsed);
  }
}
