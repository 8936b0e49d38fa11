package dev.ktd.stack;

import dev.ktd.packet.SeqNumber;
import dev.ktd.stack.TcpFlow.Listener;
import java.nio.ByteBuffer;

/**
 * The receiving side of a connection: what came in order and is not taken yet, what came too early,
 * and the window. Positions count the program's bytes from 0.
 *
 * <pre>
 *   taken <= next <= edge
 *     |       |       +-- right edge of the largest window announced; what is before it is taken
 *     |       +-- all before it came; acknowledged
 *     +-- all before it was taken by the listener
 * </pre>
 */
final class ReceiveHalf {
  private static final int MOST_HOLES = 64;

  private final ChunkPool pool;
  private final Counters counters;
  private final StreamBuffer buffer;
  private final Intervals early = new Intervals(MOST_HOLES);
  private final int initialSequence;
  private final int capacity;
  private final int scale;
  private final int leastGrowth;
  private long taken;
  private long next;
  private long edge;
  private long finAt = -1;
  private boolean finReceived;
  private boolean endTold;
  private int repeatStart;
  private int repeatLength;
  private boolean offering;
  private boolean offerAgain;
  private boolean closed;

  /**
   * The half of a connection whose SYN had {@code initialSequence}.
   *
   * @param scaled whether both sides use window scaling
   * @param segmentSize the size of segments the program was asked to send
   */
  ReceiveHalf(StackContext context, int initialSequence, boolean scaled, int segmentSize) {
    this.pool = context.pool;
    this.counters = context.counters;
    this.initialSequence = initialSequence;
    int wanted = context.config.buffers().receive();
    capacity = scaled ? wanted : Math.min(wanted, 0xffff);
    int shift = 0;
    while (scaled && capacity >>> shift > 0xffff) {
      shift++;
    }
    scale = shift;
    // RFC 9293, section 3.8.6.2.2: no window updates by silly amounts.
    leastGrowth = Math.min(capacity / 4, 2 * segmentSize);
    buffer = new StreamBuffer(pool, capacity);
  }

  int scale() {
    return scale;
  }

  /** RCV.NXT: a FIN counts once it came in order. */
  int nextSequence() {
    return initialSequence + 1 + (int) next + (finReceived ? 1 : 0);
  }

  boolean finReceived() {
    return finReceived;
  }

  /** Whether the listener has everything, the end included. */
  boolean finished() {
    return endTold;
  }

  /** How many ranges came too early, each behind a hole. */
  int holes() {
    return early.size();
  }

  /**
   * The ranges that came too early, the latest first.
   *
   * @param into gets their indices
   * @return how many
   */
  int early(int[] into) {
    return early.latest(into);
  }

  /** Sequence number of the first byte of the range with this index. */
  int earlyStart(int index) {
    return initialSequence + 1 + (int) early.start(index);
  }

  /** The sequence number behind it. */
  int earlyEnd(int index) {
    return initialSequence + 1 + (int) early.end(index);
  }

  /** All of a segment came before: the next ACK is to say so (RFC 2883, section 4). */
  void repeated(int sequence, int length) {
    repeatStart = sequence;
    repeatLength = length;
  }

  /** Whether {@link #repeatStart} and {@link #repeatEnd} are still to be told. */
  boolean hasRepeat() {
    return repeatLength > 0;
  }

  int repeatStart() {
    return repeatStart;
  }

  int repeatEnd() {
    return repeatStart + repeatLength;
  }

  /** Each repetition is told once. */
  void repeatTold() {
    repeatLength = 0;
  }

  /** The table of RFC 9293, section 3.10.7.4; a segment that just begins behind the edge passes. */
  boolean acceptable(int sequence, int length) {
    int fromNext = SeqNumber.distance(nextSequence(), sequence);
    long window = edge - next;
    if (length == 0) {
      // Linux sends ACKs at the very edge when data before them was lost; RFC 9293 would not.
      return fromNext >= 0 && fromNext <= window;
    }
    // Behind a closed window data is not taken, but its ACK field counts (section 3.10.7.4).
    return fromNext + length > 0 && (fromNext < window || fromNext == 0);
  }

  /**
   * Takes the payload of an acceptable segment and offers to the listener what is in order.
   *
   * @return whether it was in order; otherwise the sender must be told at once (RFC 5681, 4.2)
   */
  boolean segment(
      int sequence, ByteBuffer frame, int offset, int length, boolean fin, Listener listener) {
    long start = next + SeqNumber.distance(nextSequence(), sequence);
    long end = start + length;
    long limit = finAt >= 0 ? Math.min(edge, finAt) : edge;
    int from = (int) Math.max(0, next - start);
    int to = (int) Math.min(length, limit - start);
    if (to < length) {
      counters.count(Counter.DROP_WINDOW);
    } else if (fin && finAt < 0) {
      finAt = end;
    }
    if (start > next) {
      tooEarly(start, frame, offset, to);
      return false;
    }
    if (to > from) {
      inOrder(frame, offset + from, to - from, listener);
    }
    if (!closed) {
      advance(listener);
    }
    return true;
  }

  private void inOrder(ByteBuffer frame, int offset, int length, Listener listener) {
    int accepted = 0;
    if (taken == next && !offering) {
      int limit = frame.limit();
      int position = frame.position();
      frame.limit(offset + length).position(offset);
      accepted = offer(frame, length, listener);
      frame.limit(limit).position(position);
      if (closed) {
        return;
      }
      next += accepted;
      taken = next;
    }
    int stored = buffer.put(next, frame, offset + accepted, length - accepted, false);
    if (stored < length - accepted) {
      counters.count(Counter.DROP_BUDGET);
    }
    next += stored;
  }

  private void tooEarly(long start, ByteBuffer frame, int offset, int length) {
    counters.count(Counter.TCP_OUT_OF_ORDER);
    if (length <= 0) {
      return;
    }
    if (pool.scarce() || !early.accepts(start, start + length)) {
      counters.count(Counter.DROP_ORDER);
      return;
    }
    int stored = buffer.put(start, frame, offset, length, false);
    if (stored > 0) {
      early.add(start, start + stored);
    }
  }

  private void advance(Listener listener) {
    while (!early.isEmpty() && early.firstStart() <= next) {
      next = Math.max(next, early.firstEnd());
      early.removeFirst();
    }
    if (finAt == next) {
      finReceived = true;
    }
    drain(listener);
  }

  /** Offers again what the listener has left. */
  void resume(Listener listener) {
    if (offering) {
      offerAgain = true;
      return;
    }
    drain(listener);
  }

  /** Offers what is in order until the listener takes less than all. */
  private void drain(Listener listener) {
    if (offering) {
      return;
    }
    int inVain = 0;
    boolean hungry = true;
    while (!closed && hungry && taken < next) {
      ByteBuffer piece = buffer.first(taken, (int) (next - taken));
      int length = piece.remaining();
      int accepted = offer(piece, length, listener);
      taken += accepted;
      inVain = accepted > 0 ? 0 : inVain + 1;
      // A listener that takes nothing and always asks for more would never let go.
      hungry = accepted == length || (offerAgain && inVain < 2);
    }
    if (closed) {
      return;
    }
    buffer.release(taken, taken == next && early.isEmpty());
    if (finReceived && taken == next && !endTold) {
      endTold = true;
      listener.receivedEnd();
    }
  }

  private int offer(ByteBuffer bytes, int length, Listener listener) {
    offering = true;
    offerAgain = false;
    try {
      int accepted = listener.received(bytes);
      if (accepted < 0 || accepted > length) {
        throw new IllegalStateException("the listener took %d of %d".formatted(accepted, length));
      }
      return accepted;
    } finally {
      offering = false;
    }
  }

  /** Whether a window update is worth a segment of its own: the sender may be waiting for it. */
  boolean wantsUpdate() {
    return !finReceived && room() - edge >= leastGrowth && edge - next < capacity / 2;
  }

  /** Whether the window is as good as closed and memory for all flows is what it lacks. */
  boolean thirsty() {
    long window = edge - next;
    return !closed
        && !finReceived
        && window < leastGrowth
        && capacity - (next - taken) - window >= leastGrowth;
  }

  /** What goes into the window field; the announced edge moves accordingly. */
  int announce(boolean scaledField) {
    int shift = scaledField ? scale : 0;
    long room = room();
    long window;
    if (room - edge >= leastGrowth) {
      window = (room - next) >>> shift;
    } else {
      // Rounding down moves the edge back by a few bytes (RFC 7323, section 2.4), rounding up moves
      // it on by a few with each small segment: so up only as long as the buffer has the room.
      window = (edge - next + (1L << shift) - 1) >>> shift;
      if (next + (window << shift) > taken + capacity) {
        window = (edge - next) >>> shift;
      }
    }
    int field = (int) Math.min(0xffff, window);
    edge = Math.max(edge, next + ((long) field << shift));
    return field;
  }

  private long room() {
    long buffered = next - taken;
    return next + Math.max(0, Math.min(capacity - buffered, pool.available()));
  }

  void close() {
    closed = true;
    early.clear();
    buffer.releaseAll();
  }
}
