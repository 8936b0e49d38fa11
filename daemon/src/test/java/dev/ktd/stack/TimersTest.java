package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.stack.Timers.Timer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class TimersTest {
  private final Timers timers = new Timers();
  private final List<Long> fired = new ArrayList<>();

  @Test
  void timersFireInTheOrderOfTheirTimes() {
    for (long at : new long[] {50, 10, 40, 20, 30}) {
      timers.set(new Timer(_ -> fired.add(at)), at);
    }
    assertThat(timers.next()).isEqualTo(10);
    timers.run(40);
    assertThat(fired).containsExactly(10L, 20L, 30L, 40L);
    assertThat(timers.next()).isEqualTo(50);
  }

  @Test
  void aPostponedTimerFiresAtItsNewTimeOnly() {
    Timer timer = new Timer(fired::add);
    timers.set(timer, 10);
    timers.set(timer, 100);
    timers.run(50);
    assertThat(fired).isEmpty();
    assertThat(timers.next()).isEqualTo(100);
    timers.set(timer, 60);
    timers.run(70);
    assertThat(fired).containsExactly(70L);
    assertThat(timers.next()).isEqualTo(Timers.NEVER);
  }

  @Test
  void manyChangesKeepTheOrder() {
    SplittableRandom random = new SplittableRandom(4);
    List<Timer> all = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      all.add(new Timer(fired::add));
    }
    for (int i = 0; i < 20_000; i++) {
      Timer timer = all.get(random.nextInt(all.size()));
      if (random.nextInt(3) == 0) {
        timers.cancel(timer);
      } else {
        timers.set(timer, random.nextLong(1_000_000));
      }
    }
    long expected = all.stream().filter(timer -> timer.at() != Timers.NEVER).count();
    while (timers.next() != Timers.NEVER) {
      timers.run(timers.next());
    }
    assertThat(fired).hasSize((int) expected).isSorted();
  }
}
