package dev.ktd.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** Allocation is no matter of time, so it can be tested: none for a super-segment. */
class StackBenchmarkTest {
  private static final int WARM_UP = 20_000;
  private static final int OPERATIONS = 20_000;

  private final StackBenchmark benchmark = new StackBenchmark();

  @Test
  void aSuperSegmentFromTheProgramAllocatesNothing() {
    benchmark.open();
    assertThat(bytesPerOperation(benchmark::up)).isLessThan(1);
    benchmark.close();
  }

  @Test
  void aSuperSegmentToTheProgramAllocatesNothing() {
    benchmark.open();
    assertThat(bytesPerOperation(benchmark::down)).isLessThan(1);
    benchmark.close();
  }

  private static double bytesPerOperation(Runnable operation) {
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    for (int i = 0; i < WARM_UP; i++) {
      operation.run();
    }
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < OPERATIONS; i++) {
      operation.run();
    }
    return (threads.getCurrentThreadAllocatedBytes() - before) / (double) OPERATIONS;
  }
}
