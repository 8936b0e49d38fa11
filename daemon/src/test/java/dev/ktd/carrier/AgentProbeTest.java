package dev.ktd.carrier;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.error.KtdException;
import dev.ktd.ssh.LeakWatch;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Who is believed to be this session's agent, in simulated time. */
@ExtendWith(LeakWatch.class)
final class AgentProbeTest {
  private static final Duration LIMIT = Duration.ofMillis(500);

  private final TwinClock clock = new TwinClock();
  private final SessionSecret secret = SessionSecret.generate();
  private final AgentTwin agent = new AgentTwin(clock, secret);

  private CompletableFuture<CarrierOpener> probe() {
    CompletableFuture<CarrierOpener> asked =
        AgentProbe.start(clock.loop(), agent.opener(), secret, LIMIT);
    clock.settle();
    return asked;
  }

  private static KtdException failure(Future<CarrierOpener> asked) {
    assertThat(asked.state()).isEqualTo(Future.State.FAILED);
    return (KtdException) asked.exceptionNow();
  }

  @AfterEach
  void nothingIsLeft() {
    clock.passMillis(10);
    assertThat(agent.conditions.open).isZero();
    assertThat(agent.streams).isEmpty();
    assertThat(agent.faults).isEmpty();
  }

  @Test
  void theAgentProvesItself() {
    CompletableFuture<CarrierOpener> asked = probe();
    clock.passMillis(10);
    assertThat(asked.state()).isEqualTo(Future.State.SUCCESS);
    assertThat(agent.last().frames).containsExactly("HELLO 2 0");
  }

  @Test
  void anAgentOfAnotherSessionDoesNot() {
    CompletableFuture<CarrierOpener> asked =
        AgentProbe.start(clock.loop(), agent.opener(), SessionSecret.generate(), LIMIT);
    clock.passMillis(10);
    assertThat(failure(asked)).hasMessageContaining("the other end closed");
    assertThat(agent.last().frames).containsExactly("stranger");
  }

  @Test
  void aGreetingAloneProvesNothing() {
    agent.answers =
        answer -> {
          answer[20] ^= 1;
          return answer;
        };
    CompletableFuture<CarrierOpener> asked = probe();
    clock.passMillis(10);
    assertThat(failure(asked)).hasMessageContaining("something else answers in the agent's place");
  }

  @Test
  void whoIsNoAgentIsNotAsked() {
    agent.greetings = _ -> "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n".getBytes(US_ASCII);
    CompletableFuture<CarrierOpener> asked = probe();
    clock.passMillis(10);
    assertThat(failure(asked)).hasMessageContaining("no ktd-agent");
    assertThat(agent.last().frames).isEmpty();
  }

  @Test
  void whoDoesNotGreetIsGivenUp() {
    agent.greets = false;
    CompletableFuture<CarrierOpener> asked = probe();
    clock.passMillis(510);
    assertThat(failure(asked)).hasMessageContaining("no agent greeted within 500 ms");
  }

  @Test
  void whoDoesNotAnswerIsGivenUp() {
    agent.answersHellos = false;
    CompletableFuture<CarrierOpener> asked = probe();
    clock.passMillis(520);
    assertThat(failure(asked)).hasMessageContaining("did not answer within 500 ms");
  }

  @Test
  void aWayThatIsRefusedIsTold() {
    agent.conditions.refuses = true;
    CompletableFuture<CarrierOpener> asked = probe();
    clock.passMillis(10);
    assertThat(failure(asked)).hasMessageContaining("refused");
  }

  @Test
  void whoCancelsItEndsIt() {
    agent.conditions.delayMillis = 100;
    CompletableFuture<CarrierOpener> asked = probe();
    clock.passMillis(50);
    asked.cancel(false);
    clock.passMillis(1);
    assertThat(agent.conditions.open).isZero();
  }
}
