package dev.ktd.stack;

import dev.ktd.packet.Expect;
import dev.ktd.packet.Packet;
import dev.ktd.packet.SeqNumber;
import dev.ktd.packet.Wire;
import org.jspecify.annotations.Nullable;

/**
 * A local program's side of one port in a generated test: what it has sent and heard, and what no
 * stack may tell it.
 */
final class EventProgram {
  final int port;
  final boolean v6;

  /** The sequence number of what it sends next, if it behaves. */
  int next;

  /** Behind the last byte that it has heard; the stack's sequence numbers. */
  int heard;

  /** What it acknowledged last. */
  int acked;

  private @Nullable EventOwner owner;
  private int initial;
  private int scale;

  /** Relative to its SYN: behind the last of all it ever sent on this connection. */
  private long mostSent;

  /** The most bytes of the stack that it ever said it takes. */
  private long granted;

  private boolean stackKnown;
  private int stackInitial;
  private int stackScale;
  private long lastAck;
  private long edge;

  EventProgram(int port, boolean v6) {
    this.port = port;
    this.v6 = v6;
  }

  /** Its SYN has made a flow. */
  void connected(Packet syn, EventOwner newOwner) {
    owner = newOwner;
    initial = syn.sequence();
    scale = Math.max(0, syn.options().windowScale());
    next = initial + 1;
    mostSent = 1;
    granted = 0;
    stackKnown = false;
    lastAck = 0;
    edge = 0;
  }

  /** It sends a segment. */
  void says(Packet segment) {
    boolean syn = segment.has(Wire.SYN);
    int length = segment.payloadLength() + (syn ? 1 : 0) + (segment.has(Wire.FIN) ? 1 : 0);
    mostSent = Math.max(mostSent, SeqNumber.distance(initial, segment.sequence()) + (long) length);
    if (segment.has(Wire.ACK) && stackKnown) {
      acked = segment.acknowledgment();
      long ack = SeqNumber.distance(stackInitial + 1, segment.acknowledgment());
      granted = Math.max(granted, ack + ((long) segment.window() << scale));
    }
  }

  /**
   * It hears something that the device took from the stack, and acknowledges it with its next
   * segment.
   */
  void hears(Packet segment) {
    int marks = segment.has(Wire.SYN | Wire.FIN) ? 1 : 0;
    int end = segment.sequence() + segment.payloadLength() + marks;
    if (!segment.has(Wire.RST)) {
      heard = segment.has(Wire.SYN) || end - heard > 0 ? end : heard;
    }
  }

  /**
   * Fails when the stack must not say this to it.
   *
   * @param delivered whether the device took the frame
   */
  void check(Packet segment, boolean delivered) {
    if (segment.has(Wire.RST)) {
      return;
    }
    Expect.that(owner != null, "a segment without a connection");
    if (segment.has(Wire.SYN)) {
      Expect.that(
          !stackKnown || stackInitial == segment.sequence(), "a second initial sequence number");
      stackKnown = true;
      stackInitial = segment.sequence();
      stackScale = Math.max(0, segment.options().windowScale());
    }
    Expect.that(stackKnown, "a segment before the SYN");
    if (owner != null) {
      content(segment, owner);
    }
    window(segment, delivered);
  }

  private void content(Packet segment, EventOwner writer) {
    int length = segment.payloadLength();
    long from = SeqNumber.distance(stackInitial + 1, segment.sequence());
    long end = from + length;
    if (length > 0) {
      Expect.that(from >= 0 && end <= writer.written(), "%d to %d was not written", from, end);
      for (int i = 0; i < length; i++) {
        byte actual = segment.buffer().get(segment.payloadOffset() + i);
        Expect.that(actual == EventOwner.ownerByte(from + i), "byte %d is wrong", from + i);
      }
    }
    if (segment.has(Wire.FIN)) {
      Expect.that(writer.shutDown() && end == writer.written(), "a FIN at %d", end);
      end++;
    }
    boolean something = length > 0 || segment.has(Wire.FIN);
    Expect.that(!something || end <= granted, "%d are sent, %d granted", end, granted);
  }

  private void window(Packet segment, boolean delivered) {
    long ack = SeqNumber.distance(initial, segment.acknowledgment());
    Expect.that(ack <= mostSent, "%d are acknowledged, %d sent", ack, mostSent);
    if (!delivered) {
      return;
    }
    Expect.that(ack >= lastAck, "the acknowledgment went from %d to %d", lastAck, ack);
    lastAck = ack;
    int shift = segment.has(Wire.SYN) ? 0 : stackScale;
    long newEdge = ack + ((long) segment.window() << shift);
    // By less than the unit of the field, as RFC 7323, section 2.4 allows. A SYN-ACK that is
    // repeated
    // after a challenge ACK cannot say more than 65,535, and whoever still needs it knows no more.
    Expect.that(
        segment.has(Wire.SYN) || newEdge > edge - (1L << shift),
        "the edge went from %d to %d",
        edge,
        newEdge);
    edge = Math.max(edge, newEdge);
  }
}
