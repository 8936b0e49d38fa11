package dev.ktd.testbed;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Bytes on their way in one direction: a ring that gives each byte back, in order, once its delay
 * is over. It holds what fits on a wire of {@link #BYTES_PER_SECOND} with that delay, so a sender
 * is slowed down by the far side and not by the delay. Belongs to one thread.
 */
final class DelayLine {
  /** Faster than anything that runs over it: 4 Gbit/s. */
  static final long BYTES_PER_SECOND = 500_000_000;

  /** What is held without a delay: a few turns of the loop. A power of two, as all sizes are. */
  static final int SMALLEST = 256 << 10;

  private static final int LARGEST = 256 << 20;

  /** Selectors wait in milliseconds: what is due within half of one goes now. */
  static final long SLACK_NANOS = 500_000;

  private static final long SAME_MARK_NANOS = 100_000;

  /** All bytes before the position may leave at the time. */
  private record Mark(long position, long dueNanos) {}

  private final Deque<Mark> marks = new ArrayDeque<>();
  private ByteBuffer ring = ByteBuffer.allocateDirect(SMALLEST);
  private int limit = SMALLEST;
  private long delayNanos;
  private long latestDue = Long.MIN_VALUE;
  private long in;
  private long out;

  /** Concerns bytes that come from now on; none overtakes another. */
  void delay(long nanos) {
    delayNanos = nanos;
    long bytes = Math.min(LARGEST, SMALLEST + nanos * BYTES_PER_SECOND / 1_000_000_000);
    limit = Integer.highestOneBit((int) bytes - 1) << 1;
  }

  /** How many bytes are on their way. */
  long held() {
    return in - out;
  }

  boolean isEmpty() {
    return in == out;
  }

  boolean isFull() {
    return in - out >= limit;
  }

  /** When the next bytes may leave; {@code Long.MAX_VALUE} if there are none. */
  long nextDue() {
    Mark first = marks.peekFirst();
    return first == null ? Long.MAX_VALUE : first.dueNanos;
  }

  /**
   * Reads once. Returns how many bytes came, 0 if the line is full or none are there, -1 at the end
   * of the stream.
   */
  int fill(ReadableByteChannel from, long now) throws IOException {
    if (isFull()) {
      return 0;
    }
    grow();
    int start = (int) (in & (ring.capacity() - 1));
    int free = (int) (Math.min(limit, ring.capacity()) - (in - out));
    ring.limit(Math.min(ring.capacity(), start + free)).position(start);
    int count = from.read(ring);
    if (count > 0) {
      in += count;
      mark(now + delayNanos);
    }
    return count;
  }

  /**
   * Writes what is due.
   *
   * @return true if all of that was taken
   */
  boolean drain(WritableByteChannel to, long now) throws IOException {
    while (nextDue() <= now + SLACK_NANOS) {
      long end = marks.getFirst().position;
      while (out < end) {
        int start = (int) (out & (ring.capacity() - 1));
        ring.limit((int) Math.min(ring.capacity(), start + end - out)).position(start);
        int count = to.write(ring);
        if (count == 0) {
          return false;
        }
        out += count;
      }
      marks.removeFirst();
    }
    if (isEmpty()) {
      in = 0; // the same memory again, which is in the processor's cache
      out = 0;
    }
    return true;
  }

  private void mark(long due) {
    Mark last = marks.peekLast();
    latestDue = last == null ? due : Math.max(due, latestDue);
    if (last != null && latestDue - last.dueNanos < SAME_MARK_NANOS) {
      marks.removeLast();
      latestDue = last.dueNanos;
    }
    marks.addLast(new Mark(in, latestDue));
  }

  /** Memory is taken when it is needed, not when a delay is chosen. */
  private void grow() {
    if (in - out < ring.capacity() || ring.capacity() >= limit) {
      return;
    }
    ByteBuffer larger = ByteBuffer.allocateDirect(ring.capacity() * 2);
    ring.clear();
    for (long position = out; position < in; ) {
      int from = (int) (position & (ring.capacity() - 1));
      int to = (int) (position & (larger.capacity() - 1));
      int count = (int) Math.min(in - position, ring.capacity() - from);
      larger.put(to, ring, from, count);
      position += count;
    }
    ring = larger;
  }
}
