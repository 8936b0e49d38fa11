package dev.ktd.stack;

import java.util.EnumMap;
import java.util.Map;

/** The numbers behind {@link Counter}. */
final class Counters {
  private final Map<Counter, Count> counts = new EnumMap<>(Counter.class);

  private static final class Count {
    private long value;
  }

  Counters() {
    for (Counter counter : Counter.values()) {
      counts.put(counter, new Count());
    }
  }

  void count(Counter counter) {
    of(counter).value++;
  }

  long value(Counter counter) {
    return of(counter).value;
  }

  private Count of(Counter counter) {
    Count count = counts.get(counter);
    if (count == null) {
      throw new IllegalStateException("every counter was put");
    }
    return count;
  }
}
