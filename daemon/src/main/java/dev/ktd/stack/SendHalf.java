package dev.ktd.stack;

import dev.ktd.packet.Packet;
import dev.ktd.packet.SeqNumber;
import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;

/**
 * The sending side of a connection. Positions count our bytes from 0; a FIN stands behind the last.
 *
 * <pre>
 *   acked <= next <= sent <= end (+1)
 *     |       |       |       +-- all that was written, then perhaps a FIN
 *     |       |       +-- the most that was ever sent (SND.NXT on the wire)
 *     |       +-- where sending goes on; behind `sent` after a time-out
 *     +-- SND.UNA
 * </pre>
 *
 * The limit is the program's window; what was lost is the business of {@link Recovery}.
 */
final class SendHalf {
  private final StreamBuffer buffer;
  private final int initialSequence;
  private final int capacity;
  private int segmentSize;
  private int superSegmentSize;
  private final int scale;
  private final RoundTrip roundTrip = new RoundTrip();
  private long acked;
  private long next;
  private long sent;
  private long end;
  private boolean finQueued;
  private long edge;
  private long window;
  private long largestWindow;
  private int updateSequence;
  private long updateAck;
  private final Recovery recovery;
  private long timedPosition = -1;
  private long timedAt;
  private boolean override;

  /** The window has closed over what is in flight, and its first segment was sent to ask. */
  private boolean probing;

  /** The plan made by {@link #plan}. */
  private long planPosition;

  private int planLength;
  private int planSegment;
  private boolean planFin;

  /**
   * A half that has sent nothing yet.
   *
   * @param segmentSize payload bytes of a segment: the smaller one of both sides' wishes
   * @param superSegmentSize payload bytes of the largest frame, a multiple of it
   * @param scale by which the program's window fields are to be shifted
   * @param selective whether the program's kernel sends selective acknowledgments
   */
  SendHalf(
      StackContext context,
      int initialSequence,
      int segmentSize,
      int superSegmentSize,
      int scale,
      boolean selective) {
    this.initialSequence = initialSequence;
    this.segmentSize = segmentSize;
    this.superSegmentSize = superSegmentSize;
    this.scale = scale;
    capacity = context.config.buffers().send();
    buffer = new StreamBuffer(context.pool, capacity);
    recovery = new Recovery(context.counters, selective, segmentSize, superSegmentSize);
  }

  RoundTrip roundTrip() {
    return roundTrip;
  }

  int writable() {
    return finQueued ? 0 : (int) Math.min(capacity - (end - acked), buffer.room(end));
  }

  void write(ByteBuffer data) {
    int length = data.remaining();
    if (length > writable()) {
      throw new IllegalArgumentException(
          "%d bytes written where %d are taken".formatted(length, writable()));
    }
    int stored = buffer.put(end, data, data.position(), length, true);
    if (stored < length) {
      throw new IllegalStateException("%d of %d bytes were stored".formatted(stored, length));
    }
    data.position(data.limit());
    end += stored;
  }

  void queueFin() {
    finQueued = true;
  }

  boolean finQueued() {
    return finQueued;
  }

  boolean finSent() {
    return sent > end;
  }

  boolean finAcked() {
    return acked > end;
  }

  /** Something is sent and not acknowledged. */
  boolean inFlight() {
    return acked < sent;
  }

  /** Something waits to be sent for the first time or again. */
  boolean pending() {
    return next < end || (finQueued && next <= end);
  }

  private int sequence(long position) {
    return initialSequence + 1 + (int) position;
  }

  long position(int acknowledgment) {
    return acked + SeqNumber.distance(sequence(acked), acknowledgment);
  }

  long sent() {
    return sent;
  }

  long acked() {
    return acked;
  }

  long largestWindow() {
    return largestWindow;
  }

  boolean windowClosed() {
    return window == 0;
  }

  /** What a segment without payload carries: SND.NXT, but nothing behind the program's window. */
  int sequenceOfAck() {
    return sequence(Math.max(acked, Math.min(sent, edge)));
  }

  /** One before SND.UNA: what a probe carries to be answered for sure. */
  int sequenceOfProbe() {
    return sequence(acked - 1);
  }

  /** The handshake is done; the first window came. */
  void established(int windowField, int sequence) {
    setWindow(0, windowField, sequence);
  }

  private void setWindow(long ack, int windowField, int sequence) {
    window = (long) windowField << scale;
    largestWindow = Math.max(largestWindow, window);
    edge = ack + window;
    updateSequence = sequence;
    updateAck = ack;
  }

  /**
   * Takes an ACK between {@code acked} and {@code sent}.
   *
   * @return how many bytes of data it acknowledged
   */
  int acknowledged(long ack, Packet packet, long now) {
    boolean bare = packet.payloadLength() == 0 && !packet.has(Wire.FIN);
    boolean sameWindow = (long) packet.window() << scale == window;
    boolean duplicate = bare && ack == acked && sameWindow;
    // RFC 9293: SND.WL1 and SND.WL2 keep an old segment from bringing an old window back. What
    // acknowledges something new is not old, even if its payload is a repetition (as Linux has it).
    if (ack > acked
        || SeqNumber.before(updateSequence, packet.sequence())
        || (updateSequence == packet.sequence() && updateAck <= ack)) {
      setWindow(ack, packet.window(), packet.sequence());
    }
    int bytes = ack > acked ? progress(ack, now) : 0;
    if (probing && (window > 0 || bytes > 0)) {
      probing = false;
      // The question itself was thrown away like all the rest; a time-out may be a minute by now.
      next = acked;
    }
    if (inFlight()) {
      recovery.heard(packet, duplicate, acked, sent);
      next = recovery.skip(next, sent);
    }
    return bytes;
  }

  private int progress(long ack, long now) {
    int bytes = (int) (Math.min(ack, end) - Math.min(acked, end));
    acked = ack;
    next = Math.max(next, acked);
    roundTrip.progress();
    if (timedPosition >= 0 && acked >= timedPosition) {
      roundTrip.measured(now - timedAt);
      timedPosition = -1;
    }
    recovery.progress(acked);
    buffer.release(Math.min(acked, end), acked >= end);
    return bytes;
  }

  /** Nothing was acknowledged in time: all in flight counts as lost. */
  void timeout() {
    roundTrip.backOff();
    timedPosition = -1;
    next = acked;
    recovery.timeout(sent);
    override = true;
    if (window == 0) {
      // The program's window has shrunk over what is in flight: ask with the first bytes of it.
      recovery.resendFirst();
      probing = true;
    }
  }

  /** Whether this sequence number stands in what is sent and not acknowledged. */
  boolean inFlightAt(int sequence) {
    long position = position(sequence);
    return position >= acked && position < sent;
  }

  /**
   * The path takes smaller segments only (RFC 1191, section 6.5; RFC 8201, section 5.4): what is in
   * flight was lost for its size, and is sent again without backing off.
   *
   * @return false when it is no news
   */
  boolean lowerSegmentSize(int size) {
    if (size >= segmentSize) {
      return false;
    }
    boolean segmented = superSegmentSize > segmentSize;
    segmentSize = size;
    superSegmentSize = segmented ? superSegmentSize - superSegmentSize % size : size;
    next = acked;
    recovery.tooLarge(sent);
    timedPosition = -1;
    override = true;
    return true;
  }

  /** The next plan may send less than silly-window avoidance wants (RFC 9293, 3.8.6.2.1). */
  void override() {
    override = true;
  }

  /**
   * Decides what to send next; false: nothing now.
   *
   * @param options bytes of options that its headers will have, which every segment is shorter by
   */
  boolean plan(int options) {
    planSegment = segmentSize - options;
    int most = superSegmentSize / segmentSize * planSegment;
    return (recovery.find(acked, sent) && planResend(most)) || planOn(most);
  }

  /** Plans the hole that was found, or its beginning. */
  private boolean planResend(int most) {
    planPosition = recovery.start();
    // What is behind a window that has shrunk waits, but for one segment, which asks for it.
    long usable = Math.max(edge - planPosition, planPosition == acked ? planSegment : 0);
    long length = Math.min(recovery.end(), end) - planPosition;
    planLength = (int) Math.max(0, Math.min(length, Math.min(usable, most)));
    planFin = recovery.end() > end && planPosition + planLength == end;
    return planLength > 0 || planFin;
  }

  /** Plans what comes next, up to what is known to be received. */
  private boolean planOn(int most) {
    long received = recovery.limit(next);
    long to = Math.min(end, received);
    long available = Math.max(0, to - next);
    long limit = Math.min(edge, acked + recovery.flightLimit());
    long usable = Math.max(0, limit - next);
    long length = Math.min(Math.min(available, usable), most);
    if (length < available) {
      if (length >= planSegment) {
        length -= length % planSegment;
      } else if (length < largestWindow / 2 && !override) {
        length = 0;
      }
    }
    planPosition = next;
    planLength = (int) length;
    planFin = finQueued && received > end && next <= end && length == available && usable > length;
    return planLength > 0 || planFin;
  }

  int planSequence() {
    return sequence(planPosition);
  }

  /** Payload bytes of each segment of the plan. */
  int planSegment() {
    return planSegment;
  }

  int planLength() {
    return planLength;
  }

  boolean planFin() {
    return planFin;
  }

  /** Whether the plan sends what was sent before. */
  boolean planRepeats() {
    return planPosition < sent;
  }

  /** Whether the plan ends with the last byte there is. */
  boolean planPushes() {
    return planLength > 0 && planPosition + planLength == end;
  }

  ByteBuffer planFirst() {
    return buffer.first(planPosition, planLength);
  }

  ByteBuffer planSecond() {
    return buffer.second(planPosition, planLength);
  }

  /** The plan was carried out. */
  void planned(long now) {
    long to = planPosition + planLength + (planFin ? 1 : 0);
    if (planRepeats()) {
      timedPosition = -1;
      recovery.resent(to);
    } else if (timedPosition < 0) {
      timedPosition = to;
      timedAt = now;
    }
    override = false;
    sent = Math.max(sent, to);
    next = recovery.skip(Math.max(next, to), sent);
  }

  void close() {
    buffer.releaseAll();
    recovery.close();
  }
}
