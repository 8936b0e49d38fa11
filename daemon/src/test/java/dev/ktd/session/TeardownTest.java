package dev.ktd.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class TeardownTest {
  private final Teardown teardown = new Teardown();
  private final List<String> done = new ArrayList<>();

  @Test
  void undoesTheNewestFirst() {
    teardown.push("routes", () -> done.add("routes"));
    teardown.push("names", () -> done.add("names"));
    assertThat(teardown.run()).isEmpty();
    assertThat(done).containsExactly("names", "routes");
  }

  @Test
  void aFailingUndoIsToldAndDoesNotStopTheOthers() {
    teardown.push("routes", () -> done.add("routes"));
    teardown.push(
        "names",
        () -> {
          throw new IOException("read-only file system");
        });
    assertThat(teardown.run()).containsExactly("names: read-only file system");
    assertThat(done).containsExactly("routes");
  }

  @Test
  void whatWasUndoneIsNotUndoneAgain() {
    teardown.push("routes", () -> done.add("routes"));
    teardown.run();
    assertThat(teardown.run()).isEmpty();
    assertThat(done).containsExactly("routes");
  }

  @Test
  void anInterruptOfTheCallerDoesNotReachTheUndo() {
    teardown.push(
        "device", () -> done.add("interrupted " + Thread.currentThread().isInterrupted()));
    Thread.currentThread().interrupt();
    assertThat(teardown.run()).isEmpty();
    assertThat(Thread.interrupted()).as("is kept for the caller").isTrue();
    assertThat(done).containsExactly("interrupted false");
  }

  @Test
  void whoComesWhileItRunsWaitsAndHearsTheSame() throws Exception {
    CountDownLatch began = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    teardown.push(
        "proxy",
        () -> {
          began.countDown();
          go.await();
          throw new IOException("no answer");
        });
    FutureTask<List<String>> first = new FutureTask<>(teardown::run);
    FutureTask<List<String>> second = new FutureTask<>(teardown::run);
    Thread.ofVirtual().start(first);
    began.await();
    Thread waiting = Thread.ofPlatform().start(second);
    while (waiting.getState() != Thread.State.WAITING) { // or ended, which is what must not be
      assertThat(second.isDone()).isFalse();
      Thread.onSpinWait();
    }
    go.countDown();
    assertThat(first.get(10, TimeUnit.SECONDS)).containsExactly("proxy: no answer");
    assertThat(second.get(10, TimeUnit.SECONDS)).containsExactly("proxy: no answer");
  }

  @Test
  void anErrorDoesNotStopTheOthers() {
    teardown.push("routes", () -> done.add("routes"));
    teardown.push(
        "names",
        () -> {
          throw new NoClassDefFoundError("dev/ktd/Gone");
        });
    assertThat(teardown.run()).containsExactly("names: dev/ktd/Gone");
    assertThat(done).containsExactly("routes");
  }

  @Test
  void nothingIsPushedBehindTheUndo() {
    teardown.run();
    assertThatThrownBy(() -> teardown.push("routes", () -> {}))
        .isInstanceOf(IllegalStateException.class);
  }
}
