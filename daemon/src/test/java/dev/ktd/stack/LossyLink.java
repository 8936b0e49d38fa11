package dev.ktd.stack;

import java.nio.ByteBuffer;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/** One direction of a path that loses, repeats, delays and so reorders frames. */
final class LossyLink {
  private final PriorityQueue<Flight> flights = new PriorityQueue<>();
  private final SplittableRandom random;
  private final double trouble;
  private long count;

  /**
   * A link.
   *
   * @param trouble the probability of each of loss, repetition and long delay of a frame
   */
  LossyLink(SplittableRandom random, double trouble) {
    this.random = random;
    this.trouble = trouble;
  }

  private record Flight(long at, long number, ByteBuffer frame) implements Comparable<Flight> {
    @Override
    public int compareTo(Flight other) {
      int byTime = Long.compare(at, other.at);
      return byTime != 0 ? byTime : Long.compare(number, other.number);
    }
  }

  void send(ByteBuffer frame, long now) {
    if (random.nextDouble() >= trouble) {
      add(frame, now);
    }
    if (random.nextDouble() < trouble) {
      add(frame, now);
    }
  }

  private void add(ByteBuffer frame, long now) {
    long delay = 50_000 + (random.nextDouble() < trouble ? random.nextLong(20_000_000) : 0);
    flights.add(new Flight(now + delay, count++, frame));
  }

  long nextAt() {
    Flight next = flights.peek();
    return next == null ? Long.MAX_VALUE : next.at;
  }

  ByteBuffer next() {
    return flights.remove().frame.duplicate();
  }
}
