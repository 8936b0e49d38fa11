package dev.ktd.stack;

import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;

/** Counts connections that nobody has answered yet, over all and by destination. */
final class PendingOpens {
  private final int most;
  private final int mostPerDestination;
  private final Map<InetSocketAddress, Integer> byDestination = new HashMap<>();
  private int total;

  PendingOpens(StackConfig config) {
    most = config.limits().pendingOpens();
    mostPerDestination = config.limits().pendingOpensPerDestination();
  }

  int total() {
    return total;
  }

  boolean mayAdd(InetSocketAddress destination) {
    return total < most && byDestination.getOrDefault(destination, 0) < mostPerDestination;
  }

  void add(InetSocketAddress destination) {
    total++;
    byDestination.merge(destination, 1, Integer::sum);
  }

  void remove(InetSocketAddress destination) {
    total--;
    byDestination.computeIfPresent(destination, (_, count) -> count > 1 ? count - 1 : null);
  }
}
