package dev.ktd.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class AheadTest {
  @Test
  void theResultIsThereWhenItIsAskedFor() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    Ahead<String> work =
        Ahead.start(
            "working",
            () -> {
              go.await();
              return "done";
            });
    go.countDown();
    assertThat(work.await()).isEqualTo("done");
  }

  @Test
  void whatFailsFailsWhereTheResultIsAskedFor() {
    KtdException failure = new KtdException(ErrorCode.FORBIDDEN, "no", null);
    Ahead<String> work =
        Ahead.start(
            "working",
            () -> {
              throw failure;
            });
    assertThatThrownBy(work::await).isSameAs(failure);
  }

  @Test
  void theEndInterruptsTheWorkAndWaitsForIt() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    Ahead<String> work =
        Ahead.start(
            "working",
            () -> {
              begun.countDown();
              try {
                return blockForEver();
              } finally {
                interrupted.countDown();
              }
            });
    begun.await();
    work.end(Duration.ofSeconds(30));
    assertThat(interrupted.getCount()).isZero();
    assertThatThrownBy(work::await).isInstanceOf(InterruptedException.class);
  }

  @Test
  void workThatDoesNotEndIsNamed() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    Ahead<String> work =
        Ahead.start(
            "working",
            () -> {
              begun.countDown();
              while (true) {
                try {
                  go.await();
                  return "late";
                } catch (InterruptedException _) {
                  // what this test is about
                }
              }
            });
    begun.await();
    assertThatThrownBy(() -> work.end(Duration.ofMillis(1))).hasMessage("working still goes on");
    go.countDown();
    assertThat(work.await()).isEqualTo("late");
  }

  private static String blockForEver() throws InterruptedException {
    new CountDownLatch(1).await();
    return "never";
  }
}
