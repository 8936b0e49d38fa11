package dev.ktd.os.linux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.os.NetworkChanges.Kind;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class ClockWatchTest {
  private static final long SECOND = Duration.ofSeconds(1).toNanos();
  private static final long HOUR = Duration.ofHours(1).toNanos();

  private final ClockWatch watch = new ClockWatch(5 * HOUR, 3 * HOUR);

  @Test
  void secondsThatPassOnBothClocksAreNothing() {
    for (int n = 1; n < 100; n++) {
      assertThat(watch.tick(5 * HOUR + n * SECOND, 3 * HOUR + n * SECOND)).isEmpty();
    }
  }

  @Test
  void onlyTheClockThatGoesOnInSleepTellsSleep() {
    assertThat(watch.tick(5 * HOUR + 61 * SECOND, 3 * HOUR + SECOND)).contains(Kind.SLEPT);
    assertThat(watch.tick(5 * HOUR + 62 * SECOND, 3 * HOUR + 2 * SECOND)).isEmpty();
  }

  @Test
  void aTickThatIsLateOnBothClocksIsAProcessThatDidNotRun() {
    assertThat(watch.tick(5 * HOUR + 2 * SECOND, 3 * HOUR + 2 * SECOND)).as("busy").isEmpty();
    assertThat(watch.tick(5 * HOUR + 12 * SECOND, 3 * HOUR + 12 * SECOND)).contains(Kind.STOPPED);
  }
}
