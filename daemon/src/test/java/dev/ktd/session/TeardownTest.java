package dev.ktd.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

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
}
