package dev.ktd.stack;

import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Packet;
import dev.ktd.packet.ParseResult;
import dev.ktd.packet.RawTcp;
import dev.ktd.packet.RawTcp.Block;
import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A local program with a small TCP of one of three kinds. It sends the pattern of {@link
 * RecordedEvents}, checks that it gets it, and that the stack says nothing that cannot be; it
 * closes when all is sent. It shares no code with the stack but the parser of headers.
 */
final class TinyPeer {
  private static final long TIMEOUT = 200_000_000L;
  private static final int SCALE = 7;
  private static final int DUPLICATES = 3;
  private static final int MOST_BLOCKS = 4;
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final Nature nature;
  private final RawTcp.Ends ends;
  private final int segmentSize;
  private final int frameSize;
  private final Consumer<ByteBuffer> out;
  private final Packet packet = new Packet();

  /** Relative to our SYN: 0 is the SYN, 1 the first byte, total + 1 the FIN. */
  private long acked;

  private long next;
  private long most;
  private long edge;
  private final Ranges sacked = new Ranges();
  private long repaired;
  private int duplicates;
  private long recoverTo;
  private int scale;

  private int remoteInitial;
  private boolean established;
  private long received = 1;
  private final Ranges early = new Ranges();
  private long finAt = Long.MAX_VALUE;
  private boolean reset;
  private long newest = -1;
  private long deadline = Long.MAX_VALUE;

  /** How it deals with loss. */
  enum Kind {
    /** Takes only what comes in order, repeats only after a time-out, and then all. */
    GO_BACK_N,
    /** Keeps what comes early, repeats after three duplicate ACKs (RFC 6582). */
    PLAIN,
    /** RFC 2018 and RFC 2883 both ways, and a loss recovery like RFC 6675. */
    SACK
  }

  /**
   * What kind of peer.
   *
   * @param vnetHeader frames start with a virtio header, and may be super-segments
   * @param initial sequence number of the SYN
   * @param total bytes to send
   * @param window its receive window, in units of 128 bytes
   */
  record Nature(boolean v6, boolean vnetHeader, Kind kind, int initial, long total, int window) {
    boolean sack() {
      return kind == Kind.SACK;
    }
  }

  TinyPeer(Nature nature, Consumer<ByteBuffer> out) {
    this.nature = nature;
    this.out = out;
    ends =
        nature.v6
            ? new RawTcp.Ends(0xfd6b_7464L << 32, 1, 40_000, 0xfd00_0043L << 32, 9, 80)
            : new RawTcp.Ends(
                0, IpAddress.v4(0xc612_0001), 40_000, 0, IpAddress.v4(0x0a2b_0709), 80);
    // Room for three blocks, as a kernel keeps room for its timestamps.
    segmentSize = nature.v6 ? 1400 : 1420;
    frameSize = nature.vnetHeader ? 10 * segmentSize : segmentSize;
  }

  long received() {
    return received - 1;
  }

  boolean reset() {
    return reset;
  }

  private boolean endReceived() {
    return received == finAt;
  }

  /** Everything sent and acknowledged, and the other side's end received. */
  boolean finished() {
    return acked == nature.total + 2 && endReceived();
  }

  long deadline() {
    return deadline;
  }

  void connect(long now) {
    segment(0, 0, Wire.SYN, new RawTcp.Options(1460, SCALE, nature.sack(), List.of(), List.of()));
    next = 1;
    most = 1;
    deadline = now + TIMEOUT;
  }

  void due(long now) {
    if (now < deadline) {
      return;
    }
    deadline = Long.MAX_VALUE;
    if (!established) {
      connect(now);
      return;
    }
    next = acked;
    repaired = acked;
    send(now);
    if (next == acked && acked < nature.total + 2) {
      // The window is closed: probe it with one byte.
      data(acked, acked <= nature.total ? 1 : 0, 0);
      deadline = now + TIMEOUT;
    }
  }

  void frame(SimLink.Flight flight, long now) {
    if (packet.parse(flight.frame(), nature.vnetHeader) != ParseResult.OK
        || packet.protocol() != Wire.TCP
        || !packet.checksumHolds()) {
      if (!flight.damaged()) {
        throw new AssertionError("the stack sent something broken");
      }
      return;
    }
    if (packet.has(Wire.RST)) {
      // The stack resets what is delivered late, after the connection.
      reset |= !finished();
      return;
    }
    if (packet.has(Wire.SYN)) {
      synAck();
    } else if (established) {
      boolean inOrder = flight.number() >= newest;
      newest = Math.max(newest, flight.number());
      acknowledged(inOrder);
      payload();
    }
    send(now);
  }

  private void synAck() {
    remoteInitial = packet.sequence();
    scale = Math.max(0, RawTcp.options(packet).scale());
    if (RawTcp.options(packet).sackOk() && !nature.sack()) {
      throw new AssertionError("the stack permits SACK to who has not");
    }
    established = true;
    acked = Math.max(acked, 1);
    next = Math.max(next, acked);
    edge = Math.max(edge, 1 + packet.window());
    acknowledge(List.of());
  }

  private void acknowledged(boolean inOrder) {
    long ack = acked + (packet.acknowledgment() - nature.initial - (int) acked);
    if (ack > most) {
      throw new AssertionError("the stack acknowledges what was never sent");
    }
    blocks(ack);
    if (nature.kind == Kind.PLAIN) {
      repairFirst(ack);
    }
    if (ack > acked) {
      acked = ack;
      next = Math.max(next, acked);
      sacked.dropBelow(acked);
      deadline = Long.MAX_VALUE;
    }
    if (inOrder) {
      window(ack);
    } else {
      edge = Math.max(edge, ack + ((long) packet.window() << scale));
    }
  }

  private void window(long ack) {
    long newEdge = ack + ((long) packet.window() << scale);
    // By less than the unit of the field, as RFC 7323, section 2.4 allows.
    if (newEdge <= edge - (1L << scale)) {
      throw new AssertionError("the right edge went from %d to %d".formatted(edge, newEdge));
    }
    edge = newEdge;
  }

  private void blocks(long ack) {
    List<Block> blocks = RawTcp.options(packet).blocks();
    if (!blocks.isEmpty() && !nature.sack()) {
      throw new AssertionError("the stack sends SACK to who has not permitted it");
    }
    for (Block block : blocks) {
      long from = ack + (block.start() - nature.initial - (int) ack);
      long to = from + (block.end() - block.start());
      if (from >= to || to > most) {
        throw new AssertionError("the stack has a block %d to %d, ack %d".formatted(from, to, ack));
      }
      // What is below the ACK is a repetition the stack tells of (RFC 2883).
      if (from > ack && to > acked) {
        sacked.add(Math.max(from, acked), to);
      }
    }
  }

  private void payload() {
    long sequence = received + (packet.sequence() - remoteInitial - (int) received);
    int length = packet.payloadLength();
    boolean fin = packet.has(Wire.FIN);
    long end = sequence + length + (fin ? 1 : 0);
    if (end == sequence) {
      if (sequence < received) {
        acknowledge(List.of()); // A probe, or what was overtaken: RFC 9293, section 3.10.7.4.
      }
      return;
    }
    check(sequence, length);
    if (fin) {
      finAt = end;
    }
    boolean repeated = end <= received || early.endAt(sequence) >= end;
    if (sequence <= received) {
      received = Math.max(received, end);
      received = early.endAt(received);
      early.dropBelow(received);
    } else if (nature.kind != Kind.GO_BACK_N) {
      early.add(sequence, end);
    }
    acknowledge(nature.sack() ? ownBlocks(sequence, end, repeated) : List.of());
  }

  private void check(long sequence, int length) {
    ByteBuffer bytes = packet.buffer();
    int offset = packet.payloadOffset();
    for (long at = Math.max(sequence, received); at < sequence + length; at++) {
      if (bytes.get(offset + (int) (at - sequence)) != RecordedEvents.pattern(at)) {
        throw new AssertionError("byte " + at + " from the stack is wrong");
      }
    }
  }

  /** The latest first (RFC 2018, section 4), before it what came twice (RFC 2883). */
  private List<Block> ownBlocks(long sequence, long end, boolean repeated) {
    List<Block> blocks = new ArrayList<>();
    if (repeated) {
      blocks.add(block(sequence, end));
    }
    long latest = sequence > received ? early.startAt(sequence) : -1;
    if (latest >= 0) {
      blocks.add(block(latest, early.endAt(latest)));
    }
    for (Map.Entry<Long, Long> range : early.all().descendingMap().entrySet()) {
      if (blocks.size() < MOST_BLOCKS && range.getKey() != latest) {
        blocks.add(block(range.getKey(), range.getValue()));
      }
    }
    return blocks;
  }

  private Block block(long from, long to) {
    return new Block(remoteInitial + (int) from, remoteInitial + (int) to);
  }

  private void send(long now) {
    repair();
    while (next <= nature.total && next < edge) {
      next = sacked.endAt(next);
      long end = Math.min(Math.min(nature.total + 1, edge), sacked.nextStart(next));
      int length = (int) Math.min(frameSize, end - next);
      if (length > 0) {
        data(next, length, 0);
        next += length;
      }
    }
    if (next == nature.total + 1 && next < edge) {
      data(next, 0, Wire.FIN);
      next++;
    }
    most = Math.max(most, next);
    if (deadline == Long.MAX_VALUE && acked < nature.total + 2) {
      deadline = now + TIMEOUT;
    }
  }

  /** Each hole once, when what came behind it says that it is no mere disorder (RFC 6675). */
  private void repair() {
    long lost = sacked.last() - (long) DUPLICATES * segmentSize;
    repaired = Math.max(repaired, acked);
    while (repaired < lost) {
      repaired = sacked.endAt(repaired);
      long end = Math.min(sacked.nextStart(repaired), Math.min(lost, nature.total + 1));
      int length = (int) Math.min(frameSize, end - repaired);
      if (length <= 0) {
        return;
      }
      data(repaired, length, 0);
      repaired += length;
    }
  }

  /** Fast retransmit and fast recovery, one segment for each ACK (RFC 6582). */
  private void repairFirst(long ack) {
    boolean partial = ack > acked && ack < recoverTo;
    duplicates = ack == acked && packet.payloadLength() == 0 && acked < most ? duplicates + 1 : 0;
    boolean third = duplicates == DUPLICATES && ack >= recoverTo;
    if (third) {
      recoverTo = most;
    }
    if (third || partial) {
      int length = (int) Math.min(segmentSize, nature.total + 1 - ack);
      data(ack, Math.max(0, length), length <= 0 ? Wire.FIN : 0);
    }
  }

  private void data(long sequence, int length, int flag) {
    segment(sequence, length, Wire.ACK | flag, RawTcp.Options.NONE);
    most = Math.max(most, sequence + length + (flag == Wire.FIN ? 1 : 0));
  }

  private void acknowledge(List<Block> blocks) {
    segment(Math.max(most, 1), 0, Wire.ACK, RawTcp.Options.sack(blocks));
  }

  private void segment(long sequence, int length, int flags, RawTcp.Options options) {
    boolean syn = (flags & Wire.SYN) != 0;
    int ack = syn ? 0 : remoteInitial + (int) received;
    var head = new RawTcp.Head(nature.initial + (int) sequence, ack, flags, nature.window, options);
    ByteBuffer payload = length == 0 ? NOTHING : ByteBuffer.allocate(length);
    for (int i = 0; i < length; i++) {
      payload.put(i, RecordedEvents.pattern(sequence + i));
    }
    out.accept(RawTcp.frame(ends, head, payload, nature.vnetHeader, segmentSize));
  }
}
