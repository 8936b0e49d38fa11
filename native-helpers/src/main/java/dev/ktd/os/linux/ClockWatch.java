package dev.ktd.os.linux;

import dev.ktd.os.NetworkChanges.Kind;
import java.time.Duration;
import java.util.Optional;

/**
 * Finds that the machine slept, or that this process did not run, by what the clocks say at each
 * tick: CLOCK_BOOTTIME goes on during sleep, CLOCK_MONOTONIC does not (clock_gettime(2)). One
 * thread.
 */
final class ClockWatch {
  /** Two readings of two clocks are not at one time. */
  private static final long SLEPT_NANOS = Duration.ofMillis(500).toNanos();

  /** Beyond the second between two ticks; a busy machine is late as well. */
  private static final long STOPPED_NANOS = Duration.ofSeconds(3).toNanos();

  private long boot;
  private long monotonic;

  /**
   * @param boot nanoseconds of CLOCK_BOOTTIME
   * @param monotonic nanoseconds of CLOCK_MONOTONIC
   */
  ClockWatch(long boot, long monotonic) {
    this.boot = boot;
    this.monotonic = monotonic;
  }

  /** What has happened since the last call, which is about a second ago. */
  Optional<Kind> tick(long bootNow, long monotonicNow) {
    long ran = monotonicNow - monotonic;
    long passed = bootNow - boot;
    boot = bootNow;
    monotonic = monotonicNow;
    if (passed - ran > SLEPT_NANOS) {
      return Optional.of(Kind.SLEPT);
    }
    return ran > STOPPED_NANOS ? Optional.of(Kind.STOPPED) : Optional.empty();
  }
}
