package dev.ktd.stack;

import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The connections that nobody has answered yet: how many there may be, and which gives way to
 * another. Each of them is a dial on the far side, so this is the bound of dials as well. Why it is
 * so: docs/adr/0009-pending-opens.md.
 *
 * @param <C> a connection, known by its identity
 */
final class PendingOpens<C> {
  /** Who has waited for less keeps its place: it may still be on its way there and back. */
  static final long LEAST_AGE = RoundTrip.SECOND;

  /**
   * Places taken from others in a row, then one each {@link #REFILL}: the far side keeps on trying
   * what gave way for the 127 s that Linux tries to connect, and holds a channel meanwhile.
   */
  static final int TURNS = 4096;

  static final long REFILL = 127 * RoundTrip.SECOND / TURNS;

  /** Destinations that are known to answer; beyond it the one used longest ago is forgotten. */
  private static final int MOST_ANSWERING = 1024;

  private final int most;
  private final int mostUnknown;
  private final int mostPerDestination;
  private final Consumer<C> gaveWay;
  private final SequencedMap<C, Place> places = new LinkedHashMap<>();
  private final Map<InetSocketAddress, Integer> byDestination = new HashMap<>();
  private final SequencedSet<InetSocketAddress> answering = new LinkedHashSet<>();
  private final TokenBucket turns = new TokenBucket(REFILL, TURNS);

  private record Place(InetSocketAddress destination, long since) {}

  /**
   * Nobody waits yet.
   *
   * @param gaveWay told, during {@link #admits}, whose place was taken; it is gone from here then
   */
  PendingOpens(StackConfig.Limits limits, Consumer<C> gaveWay) {
    most = limits.pendingOpens();
    // A quarter is kept for destinations that answer: what nobody answers cannot take it.
    mostUnknown = most - most / 4;
    mostPerDestination = limits.pendingOpensPerDestination();
    this.gaveWay = gaveWay;
  }

  int total() {
    return places.size();
  }

  /** Whether one more may wait for {@code destination}. Who gives way for it was told so. */
  boolean admits(InetSocketAddress destination, long now) {
    if (byDestination.getOrDefault(destination, 0) >= mostPerDestination) {
      return false;
    }
    int room = answering.contains(destination) ? most : mostUnknown;
    return places.size() < room || takePlace(now);
  }

  private boolean takePlace(long now) {
    Map.Entry<C, Place> eldest = places.firstEntry();
    if (now - eldest.getValue().since() < LEAST_AGE || !turns.take(now)) {
      return false;
    }
    unanswered(eldest.getKey());
    gaveWay.accept(eldest.getKey());
    return true;
  }

  /** Takes a place; only after {@link #admits}. */
  void add(C connection, InetSocketAddress destination, long now) {
    places.put(connection, new Place(destination, now));
    byDestination.merge(destination, 1, Integer::sum);
  }

  /** Something answered, be it by refusing: its place is free, and its destination is known. */
  void answered(C connection) {
    Place place = free(connection);
    if (place != null) {
      answering.addLast(place.destination());
      if (answering.size() > MOST_ANSWERING) {
        answering.removeFirst();
      }
    }
  }

  /** It ended in any other way: its place is free. Repeatable. */
  void unanswered(C connection) {
    Place place = free(connection);
    if (place != null) {
      answering.remove(place.destination());
    }
  }

  private @Nullable Place free(C connection) {
    Place place = places.remove(connection);
    if (place != null) {
      byDestination.computeIfPresent(
          place.destination(), (_, count) -> count > 1 ? count - 1 : null);
    }
    return place;
  }
}
