package dev.ktd.carrier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.packet.Choices;
import dev.ktd.ssh.LeakWatch;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Random cuts under two-way traffic. {@code -Dktd.seed=N} runs one seed, {@code -Dktd.trace=true}
 * prints what happens, {@code -Dktd.seeds=N} runs more.
 */
@ExtendWith(LeakWatch.class)
final class CarrierEventsTest {
  private static final int SEEDS = 40;
  private static final int DECISIONS = 600;

  private final Logger log = Logger.getLogger("dev.ktd.carrier");

  /** Thousands of cuts would be a line each. */
  @BeforeEach
  void hush() {
    log.setLevel(Level.WARNING);
  }

  @AfterEach
  void speak() {
    log.setLevel(null);
  }

  @Test
  void eachByteComesOnceWhateverIsCut() {
    boolean trace = Boolean.getBoolean("ktd.trace");
    Long one = Long.getLong("ktd.seed");
    long seeds = Integer.getInteger("ktd.seeds", SEEDS);
    long resumed = 0;
    for (long seed :
        (one == null ? LongStream.rangeClosed(1, seeds) : LongStream.of(one)).toArray()) {
      try {
        resumed += new CarrierEvents(Choices.ofSeed(seed, DECISIONS), trace).run();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("-Dktd.seed=" + seed + ": " + e.getMessage(), e);
      }
    }
    assertThat(resumed).as("cuts that were survived").isGreaterThan(one == null ? seeds : -1);
  }
}
