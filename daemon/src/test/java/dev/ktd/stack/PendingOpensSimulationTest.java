package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What becomes of programs that connect to healthy hosts, 100 ms away, while others knock at places
 * where nothing answers. {@code -Dktd.table=true} prints the table of docs/adr/0009.
 */
final class PendingOpensSimulationTest {
  private static final long SECOND = RoundTrip.SECOND;
  private static final long FAR_AWAY = SECOND / 10;
  private static final long DIAL = 30 * SECOND;
  private static final long CONNECT = 127 * SECOND;
  private static final long LENGTH = 180 * SECOND;
  private static final long PATIENCE = 10 * SECOND;
  private static final int MOST = 1024;

  /** A SYN that nobody answered comes again after so many seconds, each since the first. */
  private static final long[] REPEATS = {1, 3, 7, 15, 31, 63};

  /** SYNs a second, for how many seconds, to how many places, and whether they are repeated. */
  enum Flood {
    ONE_PLACE(10_000, 10, 1, false, 99),
    MANY_PLACES(10_000, 10, 100_000, false, 90),
    MANY_PLACES_BY_A_KERNEL(10_000, 10, 100_000, true, 70),
    ENDLESS_SCAN(1_000, 170, 170_000, false, 0);

    final int rate;
    final int seconds;
    final int places;
    final boolean repeated;

    /** Per cent of the connections to hosts used for the first time that come about at least. */
    final int fresh;

    Flood(int rate, int seconds, int places, boolean repeated, int fresh) {
      this.rate = rate;
      this.seconds = seconds;
      this.places = places;
      this.repeated = repeated;
      this.fresh = fresh;
    }
  }

  /** The policies that were weighed; the last one is the one of {@link PendingOpens}. */
  enum Policy {
    DROP_NEWEST,
    ELDEST_GIVES_WAY,
    ELDEST_AFTER_A_SECOND,
    CHOSEN
  }

  private static InetSocketAddress address(int number) {
    byte[] bytes = {10, (byte) (number >>> 16), (byte) (number >>> 8), (byte) number};
    try {
      return new InetSocketAddress(InetAddress.getByAddress(bytes), 80);
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * A program that connects; {@code known}: to a host that is used all the time, otherwise for the
   * first time.
   */
  private static final class Open {
    final InetSocketAddress to;
    final boolean healthy;
    final boolean known;
    final boolean repeats;
    final long first;
    boolean done;
    @Nullable Dial dial;

    Open(InetSocketAddress to, boolean healthy, boolean known, boolean repeats, long first) {
      this.to = to;
      this.healthy = healthy;
      this.known = known;
      this.repeats = repeats;
      this.first = first;
    }
  }

  private record Event(long at, long number, Open open, int attempt, boolean answer)
      implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      return at != other.at ? Long.compare(at, other.at) : Long.compare(number, other.number);
    }
  }

  /** One attempt to open. */
  private static final class Dial {
    final Open open;
    final long since;
    boolean over;

    Dial(Open open, long since) {
      this.open = open;
      this.since = since;
    }
  }

  /** One flood under one policy. */
  private static final class Run {
    private final Policy policy;
    private final SplittableRandom random = new SplittableRandom(Long.getLong("ktd.seed", 1));
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final Deque<Dial> dials = new ArrayDeque<>();
    private final Deque<Long> held = new ArrayDeque<>();
    private final PendingOpens<Dial> chosen =
        new PendingOpens<>(
            new StackConfig.Limits(MOST, MOST / 2, 1 << 20, 1, Duration.ofMinutes(1)), this::end);
    private final Map<InetSocketAddress, Integer> places = new HashMap<>();
    private long number;
    private int pending;
    private int mostPending;
    private int mostHeld;
    private final List<Long> known = new ArrayList<>();
    private final List<Long> fresh = new ArrayList<>();
    private int healthyKnown;
    private int healthyFresh;

    Run(Policy policy, Flood flood) {
      this.policy = policy;
      for (long i = 0; i < (long) flood.rate * flood.seconds; i++) {
        long at = 5 * SECOND + i * SECOND / flood.rate + random.nextLong(1000);
        var open =
            new Open(address(1 + (int) (i % flood.places)), false, false, flood.repeated, at);
        events.add(new Event(at, number++, open, 0, false));
      }
      // Twenty a second until the end, every other to a host that is used for the first time.
      for (int i = 0; i < 20 * 160; i++) {
        long at = i * SECOND / 20 + random.nextLong(1000);
        boolean old = i % 2 == 0;
        int host = 0xff0000 + (old ? i / 2 % 10 : 100 + i);
        events.add(new Event(at, number++, new Open(address(host), true, old, true, at), 0, false));
      }
    }

    void run() {
      for (Event event = events.poll(); event != null; event = events.poll()) {
        if (event.at > LENGTH) {
          return;
        }
        expire(event.at);
        if (event.answer) {
          answered(event);
        } else {
          syn(event);
        }
        mostPending = Math.max(mostPending, pending);
        mostHeld = Math.max(mostHeld, held.size());
      }
    }

    private void expire(long now) {
      while (!dials.isEmpty() && (dials.peek().over || now - dials.peek().since >= DIAL)) {
        Dial eldest = dials.remove();
        if (!eldest.over) {
          chosen.unanswered(eldest);
          end(eldest);
        }
      }
      while (!held.isEmpty() && held.peek() <= now) {
        held.remove();
      }
    }

    private void syn(Event event) {
      Open open = event.open;
      if (open.done) {
        return;
      }
      if (open.healthy && open.first > 5 * SECOND && event.attempt == 0) {
        healthyKnown += open.known ? 1 : 0;
        healthyFresh += open.known ? 0 : 1;
      }
      if (open.dial == null && admits(open.to, event.at)) {
        var dial = new Dial(open, event.at);
        open.dial = dial;
        places.merge(open.to, 1, Integer::sum);
        dials.add(dial);
        pending++;
        if (policy == Policy.CHOSEN) {
          chosen.add(dial, open.to, event.at);
        }
        if (open.healthy) {
          events.add(new Event(event.at + FAR_AWAY, number++, open, 0, true));
        } else {
          held.add(event.at + CONNECT);
        }
      }
      if (open.repeats && event.attempt < REPEATS.length) {
        long at = open.first + REPEATS[event.attempt] * SECOND;
        events.add(new Event(at, number++, open, event.attempt + 1, false));
      }
    }

    private boolean admits(InetSocketAddress to, long now) {
      if (policy == Policy.CHOSEN) {
        return chosen.admits(to, now);
      }
      if (places.getOrDefault(to, 0) >= MOST / 2) {
        return false;
      }
      if (pending < MOST) {
        return true;
      }
      while (dials.peek().over) {
        dials.remove();
      }
      long least = policy == Policy.ELDEST_AFTER_A_SECOND ? SECOND : 0;
      if (policy == Policy.DROP_NEWEST || now - dials.peek().since < least) {
        return false;
      }
      end(dials.remove());
      return true;
    }

    private void end(Dial dial) {
      dial.over = true;
      dial.open.dial = null;
      places.computeIfPresent(dial.open.to, (_, count) -> count > 1 ? count - 1 : null);
      pending--;
    }

    private void answered(Event event) {
      Open open = event.open;
      Dial dial = open.dial;
      if (dial == null || dial.since != event.at - FAR_AWAY) {
        return; // it gave way, or this is the answer to another attempt
      }
      chosen.answered(dial);
      end(dial);
      open.done = true;
      if (open.first > 5 * SECOND && event.at - open.first <= PATIENCE) {
        (open.known ? known : fresh).add(event.at - open.first);
      }
    }

    double knownShare() {
      return 100.0 * known.size() / healthyKnown;
    }

    double freshShare() {
      return 100.0 * fresh.size() / healthyFresh;
    }
  }

  @ParameterizedTest
  @EnumSource
  void healthyHostsAreReachedDuringAFlood(Flood flood) {
    boolean table = Boolean.getBoolean("ktd.table");
    for (Policy policy : table ? Policy.values() : new Policy[] {Policy.CHOSEN}) {
      var run = new Run(policy, flood);
      run.run();
      if (table) {
        System.out.printf(
            Locale.ROOT,
            "| %s | %s | %.1f %% | %.1f %% | %d | %d |%n",
            flood,
            policy,
            run.knownShare(),
            run.freshShare(),
            run.mostPending,
            run.mostHeld);
      }
      if (policy == Policy.CHOSEN) {
        assertThat(run.mostPending).isLessThanOrEqualTo(MOST);
        assertThat(run.knownShare()).as("to hosts that answered before").isEqualTo(100);
        assertThat(run.freshShare())
            .as("to hosts used for the first time")
            .isGreaterThan(flood.fresh);
        assertThat(run.mostHeld).as("channels held on the far side").isLessThan(16_384);
      }
    }
  }
}
