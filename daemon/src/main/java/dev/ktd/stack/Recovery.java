package dev.ktd.stack;

import dev.ktd.packet.Packet;
import dev.ktd.packet.SeqNumber;
import dev.ktd.packet.TcpOptions;

/**
 * Finds out what of a sending half was lost, and what is to be sent again: by selective
 * acknowledgments where the program's SYN permitted them (RFC 6675), else by three duplicate ACKs
 * (RFC 6582). Positions are those of {@link SendHalf}.
 *
 * <p>There is no congestion window: the path is a local queue and the program's window is the
 * limit. So all that is known to be lost is sent again at once, each hole once; what is lost again
 * waits for the time-out. Only after that the flight starts small and doubles, since then that
 * queue has just overflowed.
 */
final class Recovery {
  private static final long UNLIMITED = Long.MAX_VALUE / 4;
  private static final int DUPLICATE_ACKS = 3;

  private final Counters counters;
  private final boolean selective;
  private final int superSegmentSize;
  private final Scoreboard scoreboard;
  private int duplicateAcks;

  /** What had been sent when the last loss was found: until it is acknowledged, no other is. */
  private long recoverTo;

  private boolean active;

  /** All holes before it were sent again in this recovery. */
  private long resentTo;

  /** What is not acknowledged is to be sent again from its beginning. */
  private boolean first;

  private long flightLimit = UNLIMITED;

  /** The hole found by {@link #find}. */
  private long start;

  private long end;

  Recovery(Counters counters, boolean selective, int segmentSize, int superSegmentSize) {
    this.counters = counters;
    this.selective = selective;
    this.superSegmentSize = superSegmentSize;
    scoreboard = new Scoreboard(segmentSize);
  }

  /** How much may be on its way. */
  long flightLimit() {
    return flightLimit;
  }

  /** More is acknowledged than before: all before {@code acked}. */
  void progress(long acked) {
    duplicateAcks = 0;
    if (!scoreboard.acknowledged(acked)) {
      resentTo = acked;
    }
    if (acked >= recoverTo) {
      active = false;
      first = false;
      flightLimit = UNLIMITED;
    } else if (active) {
      // It stops at something not sent again yet, which therefore is lost, too: the partial ACK of
      // RFC 6582, and the rescue of RFC 6675 when nothing behind the end of the flight can tell.
      first = !selective || resentTo <= acked;
    } else if (flightLimit < UNLIMITED) {
      flightLimit = Math.min(UNLIMITED, flightLimit * 2);
    }
  }

  /**
   * An ACK of {@code acked} came while all before {@code sent} was on its way.
   *
   * @param duplicate whether it says nothing new but for its SACK blocks: the test of RFC 5681
   */
  void heard(Packet packet, boolean duplicate, long acked, long sent) {
    if (selective ? blocks(packet, acked, sent) : duplicate) {
      duplicateAcks++;
    }
    boolean enough = duplicateAcks >= DUPLICATE_ACKS || scoreboard.lostBefore() > acked;
    // RFC 6582: none of the ACKs that the recovery itself provokes starts another one.
    if (enough && !active && acked >= recoverTo) {
      active = true;
      first = true;
      recoverTo = sent;
      resentTo = acked;
    }
  }

  /** Whether the packet's blocks say something new: the duplicate ACK of RFC 6675, section 2. */
  private boolean blocks(Packet packet, long acked, long sent) {
    TcpOptions options = packet.options();
    boolean news = false;
    for (int i = 0; i < options.sackBlocks(); i++) {
      long from = position(options.sackLeft(i), packet, acked);
      long to = position(options.sackRight(i), packet, acked);
      if (from > acked && from < to && to <= sent) {
        news |= scoreboard.add(from, to);
      } else if (i > 0 || from >= to || to > acked) {
        // Not RFC 2883's first block, which only says that something came twice.
        counters.count(Counter.TCP_SACK_IGNORED);
      }
    }
    return news;
  }

  private static long position(int sequence, Packet packet, long acked) {
    return acked + SeqNumber.distance(packet.acknowledgment(), sequence);
  }

  /** Nothing was acknowledged in time: all that is on its way counts as lost. */
  void timeout(long sent) {
    // RFC 2018, section 8: the kernel may have thrown away what it said it had.
    scoreboard.clear();
    active = false;
    first = false;
    duplicateAcks = 0;
    recoverTo = sent;
    flightLimit = superSegmentSize;
  }

  /** A router took nothing of what is on its way, for its size; what was received stays so. */
  void tooLarge(long sent) {
    active = false;
    first = false;
    duplicateAcks = 0;
    recoverTo = sent;
  }

  /** The next plan is to be the first segment that is not acknowledged. */
  void resendFirst() {
    first = true;
  }

  /** Looks for something to be sent again now; false: nothing. */
  boolean find(long acked, long sent) {
    if (acked >= sent) {
      first = false;
      return false;
    }
    if (first) {
      start = acked;
    } else if (active) {
      start = scoreboard.hole(Math.max(acked, resentTo));
      if (start >= scoreboard.lostBefore()) {
        return false;
      }
    } else {
      return false;
    }
    end = Math.min(sent, scoreboard.holeEnd(start));
    return true;
  }

  /** Where the hole that was found starts. */
  long start() {
    return start;
  }

  /** Where it ends. */
  long end() {
    return end;
  }

  /** All before {@code to} that is missing was sent again. */
  void resent(long to) {
    first = false;
    resentTo = Math.max(resentTo, to);
  }

  /** From where to go on after a time-out: what was received meanwhile is left out. */
  long skip(long next, long sent) {
    return next < sent ? scoreboard.hole(next) : next;
  }

  /** How far to go on from there. */
  long limit(long next) {
    return scoreboard.holeEnd(next);
  }

  void close() {
    scoreboard.clear();
  }
}
