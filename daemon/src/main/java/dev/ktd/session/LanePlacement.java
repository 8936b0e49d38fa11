package dev.ktd.session;

import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/**
 * Says on which lane a new flow goes: the one with the fewest bulky flows, then with the fewest
 * flows. So bulk that is found on a lane makes later opens leave it, and one lane stays as free for
 * short and new flows as can be. A flow never changes its lane. One thread.
 */
final class LanePlacement {
  /** A flow that moves so many bytes within a second, both directions together, is bulky. */
  static final int BULK = 1 << 20;

  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  private final LongSupplier nanos;
  private final List<Share> lanes;

  /**
   * @param lanes how many there are; they count from 0
   * @param nanos a monotonic clock, e.g. {@code System::nanoTime}
   */
  LanePlacement(int lanes, LongSupplier nanos) {
    this.nanos = nanos;
    this.lanes = IntStream.range(0, lanes).mapToObj(_ -> new Share()).toList();
  }

  /** The best of the lanes that {@code usable} takes; empty when it takes none. */
  OptionalInt choose(IntPredicate usable) {
    long now = nanos.getAsLong();
    return IntStream.range(0, lanes.size())
        .filter(usable)
        .boxed()
        .min(
            Comparator.<Integer>comparingInt(lane -> lanes.get(lane).bulky(now))
                .thenComparingInt(lane -> lanes.get(lane).flows))
        .map(OptionalInt::of)
        .orElse(OptionalInt.empty());
  }

  /** A new flow takes its place on a lane. */
  Place take(int lane) {
    return new Place(lanes.get(lane), nanos.getAsLong());
  }

  /** What is on one lane. */
  private static final class Share {
    private int flows;
    private final Set<Place> bulky = new LinkedHashSet<>();

    private int bulky(long now) {
      bulky.removeIf(place -> now - place.bulkyUntil >= 0);
      return bulky.size();
    }
  }

  /** The place of one flow. */
  final class Place {
    private final Share share;
    private int moved;
    private long since;
    private long bulkyUntil;
    private boolean left;

    private Place(Share share, long now) {
      this.share = share;
      this.since = now;
      share.flows++;
    }

    /** So many bytes went either way. The clock is asked once in {@value #BULK} bytes. */
    void moved(int bytes) {
      moved += bytes;
      if (moved >= BULK) {
        moved = 0;
        long now = nanos.getAsLong();
        if (now - since <= SECOND && !left) {
          bulkyUntil = now + SECOND;
          share.bulky.add(this);
        }
        since = now;
      }
    }

    /** The flow is over. Repeatable. */
    void leave() {
      if (!left) {
        left = true;
        share.flows--;
        share.bulky.remove(this);
      }
    }
  }
}
