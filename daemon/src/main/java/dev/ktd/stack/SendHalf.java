package dev.ktd.stack;

import dev.ktd.packet.SeqNumber;
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
 * There is no congestion window: the path is a local queue and the program's window is the limit.
 * Only after a time-out the flight starts small and doubles, since that queue has just overflowed.
 */
final class SendHalf {
  private static final long UNLIMITED = Long.MAX_VALUE / 4;
  private static final int DUPLICATE_ACKS = 3;

  private final StreamBuffer buffer;
  private final int initialSequence;
  private final int capacity;
  private final int segmentSize;
  private final int superSegmentSize;
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
  private int duplicateAcks;
  private long recoverTo;
  private boolean fastRecovery;
  private boolean resendFirst;
  private long flightLimit = UNLIMITED;
  private long timedPosition = -1;
  private long timedAt;
  private boolean override;

  /** The plan made by {@link #plan}. */
  private long planPosition;

  private int planLength;
  private boolean planFin;

  /**
   * A half that has sent nothing yet.
   *
   * @param segmentSize payload bytes of a segment: the smaller one of both sides' wishes
   * @param superSegmentSize payload bytes of the largest frame, a multiple of it
   * @param scale by which the program's window fields are to be shifted
   */
  SendHalf(
      StackContext context, int initialSequence, int segmentSize, int superSegmentSize, int scale) {
    this.initialSequence = initialSequence;
    this.segmentSize = segmentSize;
    this.superSegmentSize = superSegmentSize;
    this.scale = scale;
    capacity = context.config.buffers().send();
    buffer = new StreamBuffer(context.pool, capacity);
  }

  int segmentSize() {
    return segmentSize;
  }

  RoundTrip roundTrip() {
    return roundTrip;
  }

  int writable() {
    return finQueued ? 0 : (int) (capacity - (end - acked));
  }

  /** False when there was no memory for all of it: the stream has a hole and must be given up. */
  boolean write(ByteBuffer data) {
    int length = data.remaining();
    if (length > writable()) {
      throw new IllegalArgumentException(
          "%d bytes written where %d are taken".formatted(length, writable()));
    }
    int stored = buffer.put(end, data, data.position(), length, true);
    data.position(data.limit());
    end += stored;
    return stored == length;
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
   * @param bare whether the segment has nothing else to say: no payload, no FIN
   * @return how many bytes of data it acknowledged
   */
  int acknowledged(long ack, int windowField, int sequence, boolean bare, long now) {
    boolean sameWindow = (long) windowField << scale == window;
    boolean duplicate = bare && ack == acked && sameWindow && inFlight();
    // RFC 9293: SND.WL1 and SND.WL2 keep an old segment from bringing an old window back. What
    // acknowledges something new is not old, even if its payload is a repetition (as Linux has it).
    if (ack > acked
        || SeqNumber.before(updateSequence, sequence)
        || (updateSequence == sequence && updateAck <= ack)) {
      setWindow(ack, windowField, sequence);
    }
    if (duplicate) {
      duplicate();
      return 0;
    }
    return ack > acked ? progress(ack, now) : 0;
  }

  private void duplicate() {
    // RFC 6582: none of the ACKs that the recovery itself provokes starts another one.
    if (++duplicateAcks == DUPLICATE_ACKS && acked >= recoverTo) {
      fastRecovery = true;
      recoverTo = sent;
      resendFirst = true;
    }
  }

  private int progress(long ack, long now) {
    int bytes = (int) (Math.min(ack, end) - Math.min(acked, end));
    acked = ack;
    next = Math.max(next, acked);
    duplicateAcks = 0;
    roundTrip.progress();
    if (timedPosition >= 0 && acked >= timedPosition) {
      roundTrip.measured(now - timedAt);
      timedPosition = -1;
    }
    if (acked >= recoverTo) {
      fastRecovery = false;
      flightLimit = UNLIMITED;
    } else if (fastRecovery) {
      resendFirst = true;
    } else if (flightLimit < UNLIMITED) {
      flightLimit = Math.min(UNLIMITED, flightLimit * 2);
    }
    buffer.release(Math.min(acked, end), acked >= end);
    return bytes;
  }

  /** Nothing was acknowledged in time: all in flight counts as lost. */
  void timeout() {
    roundTrip.backOff();
    timedPosition = -1;
    next = acked;
    recoverTo = sent;
    fastRecovery = false;
    resendFirst = false;
    duplicateAcks = 0;
    flightLimit = superSegmentSize;
    override = true;
    if (window == 0) {
      // The program's window has shrunk over what is in flight: ask with the first bytes of it.
      resendFirst = true;
    }
  }

  /** The next plan may send less than silly-window avoidance wants (RFC 9293, 3.8.6.2.1). */
  void override() {
    override = true;
  }

  /** Decides what to send next; false: nothing now. */
  boolean plan() {
    if (resendFirst) {
      if (inFlight()) {
        planResend();
        return true;
      }
      resendFirst = false;
    }
    long available = Math.max(0, end - next);
    long limit = Math.min(edge, acked + flightLimit);
    long usable = Math.max(0, limit - next);
    long length = Math.min(Math.min(available, usable), superSegmentSize);
    if (length < available) {
      if (length >= segmentSize) {
        length -= length % segmentSize;
      } else if (length < largestWindow / 2 && !override) {
        length = 0;
      }
    }
    planPosition = next;
    planLength = (int) length;
    planFin = finQueued && next <= end && length == available && usable > length;
    return planLength > 0 || planFin;
  }

  private void planResend() {
    long most = window == 0 ? segmentSize : superSegmentSize;
    planPosition = acked;
    planLength = (int) Math.min(Math.max(0, Math.min(sent, end) - acked), most);
    planFin = sent > end && acked + planLength == end;
  }

  int planSequence() {
    return sequence(planPosition);
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
    } else if (timedPosition < 0) {
      timedPosition = to;
      timedAt = now;
    }
    override = false;
    resendFirst = false;
    next = Math.max(next, to);
    sent = Math.max(sent, to);
  }

  void close() {
    buffer.releaseAll();
  }
}
