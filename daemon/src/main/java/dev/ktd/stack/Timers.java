package dev.ktd.stack;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A heap of timers. Postponing one, which nearly every packet does, only notes the new time; the
 * heap is put right when the old time comes.
 */
final class Timers {
  static final long NEVER = Long.MAX_VALUE;

  private @Nullable Timer[] heap = new Timer[64];
  private int size;

  /** Runs when its time has come. */
  interface Alarm {
    void due(long now);
  }

  /** One timer of one owner. */
  static final class Timer {
    private final Alarm alarm;
    private long at = NEVER;
    private long queuedAt;
    private int index = -1;

    Timer(Alarm alarm) {
      this.alarm = alarm;
    }

    /** When it is due; {@link #NEVER} when it is not set. */
    long at() {
      return at;
    }
  }

  /** Sets the timer, replacing its former time. */
  void set(Timer timer, long at) {
    timer.at = at;
    if (timer.index >= 0) {
      if (at < timer.queuedAt) {
        timer.queuedAt = at;
        up(timer.index);
      }
    } else if (at != NEVER) {
      add(timer);
    }
  }

  void cancel(Timer timer) {
    timer.at = NEVER;
    if (timer.index >= 0) {
      remove(timer.index);
    }
  }

  /** Calls every alarm that is due. Alarms may set and cancel timers. */
  void run(long now) {
    while (next() <= now) {
      Timer timer = get(0);
      cancel(timer);
      timer.alarm.due(now);
    }
  }

  /** When the next timer is due. */
  long next() {
    while (size > 0) {
      Timer first = get(0);
      if (first.queuedAt == first.at) {
        return first.at;
      }
      remove(0);
      if (first.at != NEVER) {
        add(first);
      }
    }
    return NEVER;
  }

  private void add(Timer timer) {
    if (size == heap.length) {
      heap = Arrays.copyOf(heap, size * 2);
    }
    timer.queuedAt = timer.at;
    place(timer, size++);
    up(timer.index);
  }

  private void remove(int index) {
    Timer gone = get(index);
    gone.index = -1;
    Timer last = get(--size);
    heap[size] = null;
    if (last != gone) {
      place(last, index);
      up(index);
      down(last.index);
    }
  }

  private void up(int from) {
    Timer timer = get(from);
    int at = from;
    while (at > 0 && get((at - 1) / 2).queuedAt > timer.queuedAt) {
      place(get((at - 1) / 2), at);
      at = (at - 1) / 2;
    }
    place(timer, at);
  }

  private void down(int from) {
    Timer timer = get(from);
    int at = from;
    while (true) {
      int child = 2 * at + 1;
      if (child + 1 < size && get(child + 1).queuedAt < get(child).queuedAt) {
        child++;
      }
      if (child >= size || get(child).queuedAt >= timer.queuedAt) {
        break;
      }
      place(get(child), at);
      at = child;
    }
    place(timer, at);
  }

  private void place(Timer timer, int index) {
    heap[index] = timer;
    timer.index = index;
  }

  private Timer get(int index) {
    Timer timer = heap[index];
    if (timer == null) {
      throw new IllegalStateException("the heap has a hole at " + index);
    }
    return timer;
  }
}
