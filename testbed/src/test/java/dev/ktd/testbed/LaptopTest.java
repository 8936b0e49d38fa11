package dev.ktd.testbed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class LaptopTest {
  private final Laptop here = new Laptop(List.of(), Map.of("COLOUR", "blue"));

  @Test
  void resultHasStatusAndBothStreams() {
    Result result = here.shell("echo \"$COLOUR $1\"; echo trouble >&2; exit 3", "sky");
    assertThat(result.status()).isEqualTo(3);
    assertThat(result.output()).isEqualTo("blue sky\n");
    assertThat(result.errors()).isEqualTo("trouble\n");
    assertThatThrownBy(result::expectSuccess).hasMessageContaining("trouble");
  }

  @Test
  void commandThatTakesTooLongIsKilledWithItsChildren() {
    Result result = here.run(Duration.ofMillis(300), "bash", "-c", "echo $$; sleep 600; true");
    assertThat(result.status()).isEqualTo(Result.TIMED_OUT);
    assertThat(result.elapsed()).isLessThan(Duration.ofSeconds(30));
    assertThat(ProcessHandle.of(Long.parseLong(result.text())).filter(ProcessHandle::isAlive))
        .isEmpty();
  }

  @Test
  void outputOfARunningCommandIsSeenBeforeItsEnd() {
    try (Running running = here.start("bash", "-c", "echo ready; exec sleep 600")) {
      running.awaitOutput(Duration.ofSeconds(10), text -> text.contains("ready"));
      assertThat(running.isAlive()).isTrue();
      running.signal("INT");
      assertThat(running.await(Duration.ofSeconds(10)).status()).isEqualTo(130);
    }
  }

  @Test
  void endOfACommandEndsTheWaitForItsOutput() {
    try (Running running = here.start("echo", "something else")) {
      assertThatThrownBy(
              () -> running.awaitOutput(Duration.ofMinutes(5), text -> text.contains("ready")))
          .hasMessageContaining("something else");
    }
  }

  @Test
  void anotherVariableDoesNotTouchTheOriginal() {
    assertThat(here.with("COLOUR", "red").shell("echo $COLOUR").text()).isEqualTo("red");
    assertThat(here.shell("echo $COLOUR").text()).isEqualTo("blue");
  }
}
