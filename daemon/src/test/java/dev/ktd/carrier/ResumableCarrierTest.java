package dev.ktd.carrier;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.ssh.LeakWatch;
import io.netty.buffer.ByteBufAllocator;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The sentences of docs/carrier-protocol.md, against a twin of the agent, in simulated time. */
@ExtendWith(LeakWatch.class)
final class ResumableCarrierTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final TwinClock clock = new TwinClock();
  private final SessionSecret secret = SessionSecret.generate();
  private final AgentTwin agent = new AgentTwin(clock, secret);
  private final TwinUser user = new TwinUser();
  private final TwinWire.Conditions direct = new TwinWire.Conditions();
  private Route route = agent::opener;
  private ResumableCarrier carrier = open(new ResumeSettings(secret, Duration.ofMinutes(15)));

  private ResumableCarrier open(ResumeSettings settings) {
    return ResumableCarrier.open(
        clock.loop(), clock::nanos, Runnable::run, () -> route.find(), settings, user, user);
  }

  /** Nothing is left open, and the agent saw nothing that it should not. */
  @AfterEach
  void nothingIsLeft() {
    carrier.close();
    clock.pass(Duration.ofSeconds(60));
    assertThat(user.ends).isEqualTo(1);
    assertThat(agent.conditions.open + direct.open).isZero();
    assertThat(agent.faults).isEmpty();
  }

  private void opened() {
    clock.passMillis(10);
    assertThat(user.takeEvents()).containsExactly("ready", "introduced");
  }

  private void write(byte[] bytes) {
    carrier.write(ByteBufAllocator.DEFAULT.buffer(bytes.length).writeBytes(bytes));
    carrier.flush();
  }

  private static byte[] numbers(int length, int seed) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (i * 7 + (i >> 8) + seed);
    }
    return bytes;
  }

  private byte[] atAgent() {
    return agent.stream().fromClient.toByteArray();
  }

  private byte[] atUser() {
    return user.received.toByteArray();
  }

  private KtdException failure() {
    assertThat(user.ends).isEqualTo(1);
    return user.failure();
  }

  // Opening

  @Test
  void aNewStreamIsOpenedAndIntroduced() {
    opened();
    assertThat(user.agents).containsExactly(AgentInfo.parse(AgentTwin.INFO));
    assertThat(agent.last().frames).first().isEqualTo("HELLO 1 0");
    assertThat(carrier.isSuspended()).isFalse();
    assertThat(carrier.path()).isEqualTo("memory");
    assertThat(carrier.resumed()).isZero();
  }

  @Test
  void bytesGoBothWays() {
    opened();
    byte[] up = numbers(300_000, 1);
    byte[] down = numbers(400_000, 2);
    write(up);
    agent.stream().say(down);
    clock.passMillis(50);
    assertThat(atAgent()).isEqualTo(up);
    assertThat(atUser()).isEqualTo(down);
  }

  @Test
  void aNewStreamsFramesNeedNotWaitForTheAnswer() {
    agent.answersHellos = false;
    clock.passMillis(10);
    assertThat(user.takeEvents()).containsExactly("ready");
    write(new byte[] {1, 2, 3});
    assertThat(carrier.isWritable()).isTrue();
    clock.passMillis(10);
    assertThat(agent.last().frames).containsExactly("HELLO 1 0", "DATA 3");
  }

  @Test
  void aFirstOpeningIsNotTriedAgain() {
    agent.conditions.refuses = true;
    clock.pass(SECOND);
    assertThat(failure().getMessage()).contains("refused");
    assertThat(agent.conditions.opened).isEqualTo(1);
  }

  @Test
  void aRouteThatFailsEndsTheFirstOpening() {
    route =
        () -> {
          throw new KtdException(ErrorCode.PROXY, "no pod", null);
        };
    clock.pass(SECOND);
    assertThat(failure().code()).isEqualTo(ErrorCode.PROXY);
  }

  @Test
  void whoIsNoAgentIsNotBelieved() {
    agent.greetings = greeting -> "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n".getBytes(US_ASCII);
    clock.pass(SECOND);
    assertThat(failure()).hasMessageContaining("no ktd-agent");
    assertThat(agent.conditions.abandoned).isEqualTo(1);
  }

  @Test
  void anAgentOfAnotherVersionIsToldApart() {
    agent.greetings =
        greeting -> {
          greeting[4] = 2;
          return greeting;
        };
    clock.pass(SECOND);
    assertThat(failure()).hasMessageContaining("version 2");
    assertThat(failure().hint()).contains("make image");
  }

  @Test
  void anAnswerWithoutTheSecretIsNotBelieved() {
    agent.answers =
        answer -> {
          answer[20] ^= 1;
          return answer;
        };
    clock.pass(SECOND);
    assertThat(failure()).hasMessageContaining("something else answers in the agent's place");
    assertThat(user.agents).isEmpty();
  }

  @Test
  void anAgentThatDoesNotGreetIsGivenUp() {
    agent.greets = false;
    clock.pass(Duration.ofSeconds(31));
    assertThat(failure()).hasMessageContaining("greeted within 30 s");
    assertThat(agent.conditions.abandoned).isEqualTo(1);
  }

  @Test
  void anAgentThatDoesNotAnswerIsGivenUp() {
    agent.answersHellos = false;
    clock.pass(Duration.ofSeconds(11));
    assertThat(failure()).hasMessageContaining("answer within 10 s");
  }

  @Test
  void aBusyAgentIsTheReason() {
    agent.busy = true;
    clock.pass(SECOND);
    assertThat(failure()).hasMessageContaining("takes no further connection");
  }

  @Test
  void aStrangerIsNotLetIn() {
    carrier.close();
    clock.pass(SECOND);
    TwinUser stranger = new TwinUser();
    ResumableCarrier.open(
        clock.loop(),
        clock::nanos,
        Runnable::run,
        agent::opener,
        new ResumeSettings(SessionSecret.generate(), Duration.ofMinutes(15)),
        stranger,
        stranger);
    clock.pass(SECOND);
    assertThat(stranger.ends).isEqualTo(1);
    assertThat(agent.last().frames).containsExactly("stranger");
    assertThat(agent.streams).isEmpty();
  }

  // Cuts

  @Test
  void aCutCarrierLosesNoByte() {
    opened();
    byte[] up = numbers(500_000, 3);
    byte[] down = numbers(600_000, 4);
    agent.conditions.delayMillis = 20;
    write(up);
    agent.stream().say(down);
    clock.passMillis(10);
    agent.last().wire.cut();
    long took = clock.passUntil(SECOND, () -> user.events.contains("resumed"));
    assertThat(took).isLessThan(150);
    assertThat(user.takeEvents()).containsExactly("suspended", "introduced", "resumed");
    clock.pass(SECOND);
    assertThat(atAgent()).isEqualTo(up);
    assertThat(atUser()).isEqualTo(down);
    assertThat(carrier.resumed()).isEqualTo(1);
  }

  @Test
  void anAttemptThatFailsIsRepeatedWithLongerPauses() {
    opened();
    agent.conditions.refuses = true;
    agent.last().wire.cut();
    clock.pass(Duration.ofMillis(3200));
    assertThat(carrier.isSuspended()).isTrue();
    // At once, then after 0.1, 0.2, 0.4, 0.8 and 1.6 s.
    assertThat(agent.conditions.opened).isEqualTo(1 + 6);
    clock.pass(Duration.ofMinutes(5));
    assertThat(agent.conditions.opened).isBetween(60, 75);
    agent.conditions.refuses = false;
    clock.pass(Duration.ofSeconds(6));
    assertThat(user.takeEvents()).containsExactly("suspended", "introduced", "resumed");
  }

  @Test
  void theStreamIsOverAtTheLimit() {
    opened();
    agent.conditions.refuses = true;
    agent.last().wire.cut();
    clock.pass(Duration.ofMinutes(14));
    assertThat(user.ends).isZero();
    clock.pass(Duration.ofMinutes(2));
    assertThat(failure()).hasMessageContaining("for 15 min").hasMessageContaining("refused");
    assertThat(failure().code()).isEqualTo(ErrorCode.TUNNEL);
    int tried = agent.conditions.opened;
    clock.pass(Duration.ofMinutes(1));
    assertThat(agent.conditions.opened).isEqualTo(tried);
  }

  @Test
  void theAgentsLimitCountsWhereItIsShorter() {
    agent.info = AgentTwin.INFO.replace("900", "60");
    opened();
    agent.conditions.refuses = true;
    agent.last().wire.cut();
    clock.pass(Duration.ofSeconds(59));
    assertThat(user.ends).isZero();
    clock.pass(Duration.ofSeconds(2));
    assertThat(failure()).hasMessageContaining("for 60 s");
  }

  @Test
  void aStreamThatTheAgentDoesNotKnowIsOver() {
    opened();
    agent.streams.clear();
    agent.last().wire.cut();
    clock.pass(SECOND);
    assertThat(failure()).hasMessageContaining("does not know this connection any more");
  }

  @Test
  void aStreamWhoseBytesAreLostIsOver() {
    opened();
    agent.conditions.delayMillis = 50;
    agent.stream().say(numbers(100, 5));
    agent.stream().forgetBefore(50);
    agent.last().wire.cut();
    clock.pass(SECOND);
    assertThat(failure()).hasMessageContaining("does not have all bytes");
  }

  @Test
  void aPositionThatWasNeverSentEndsTheStream() {
    opened();
    agent.last().send(AgentTwin.frame(1, AgentTwin.position(1)));
    clock.passMillis(10);
    assertThat(failure()).hasMessageContaining("bytes that were not sent");
    assertThat(agent.last().frames).last().isEqualTo("CLOSE 2");
  }

  @Test
  void aPositionThatGoesBackIsIgnored() {
    opened();
    write(numbers(200_000, 1));
    clock.pass(SECOND);
    agent.last().send(AgentTwin.frame(1, AgentTwin.position(5)));
    clock.pass(SECOND);
    assertThat(user.ends).isZero();
  }

  // Silence

  @Test
  void aBlackHoleIsNoticedAfterTwoSecondsOfSilence() {
    opened();
    clock.pass(SECOND);
    agent.last().wire.silence();
    byte[] up = numbers(1000, 6);
    write(up);
    long took = clock.passUntil(Duration.ofSeconds(4), () -> user.events.contains("resumed"));
    assertThat(took).isBetween(2000L, 2100L);
    clock.pass(SECOND);
    assertThat(atAgent()).isEqualTo(up);
    assertThat(agent.conditions.opened).isEqualTo(2);
    assertThat(agent.conditions.open).isEqualTo(1);
  }

  @Test
  void aQuietBlackHoleIsNoticedByThePing() {
    opened();
    agent.last().wire.silence();
    long took = clock.passUntil(Duration.ofSeconds(20), () -> user.events.contains("resumed"));
    assertThat(took).isBetween(15_900L, 16_100L);
  }

  @Test
  void whenAllIsQuietAPingGoesOutEachFifteenSeconds() {
    opened();
    clock.pass(Duration.ofMinutes(10));
    assertThat(agent.last().frames.stream().filter("PING 0"::equals)).hasSize(41);
    assertThat(agent.conditions.opened).isEqualTo(1);
    assertThat(user.takeEvents()).isEmpty();
  }

  @Test
  void aShortLimitOfTheAgentGetsThreePings() {
    agent.info = AgentTwin.INFO.replace("900", "9");
    opened();
    clock.pass(Duration.ofMinutes(1));
    assertThat(agent.last().frames.stream().filter("PING 0"::equals)).hasSize(1 + 20);
    assertThat(user.takeEvents()).isEmpty();
  }

  @Test
  void aShortLimitOfOursGetsThreePings() {
    carrier.close();
    clock.passMillis(10);
    user.takeEvents();
    user.ends = 0;
    carrier = open(new ResumeSettings(secret, Duration.ofSeconds(9)));
    opened();
    clock.pass(Duration.ofMinutes(1));
    assertThat(agent.last().frames.stream().filter("PING 0"::equals)).hasSize(1 + 20);
  }

  @Test
  void whoSpeaksWhileTheSecondIsOpenedKeepsTheStream() {
    opened();
    clock.pass(SECOND);
    agent.conditions.delayMillis = 400;
    agent.last().wire.silence();
    write(numbers(10, 1));
    clock.pass(Duration.ofMillis(2300));
    assertThat(agent.conditions.open).isEqualTo(2);
    assertThat(user.doubts).containsExactly(true);
    agent.last().wire.speak();
    agent.stream().say(numbers(10, 2));
    clock.pass(Duration.ofMillis(450));
    assertThat(agent.conditions.open).isEqualTo(1);
    assertThat(agent.connections.getFirst().wire.isOpen()).isTrue();
    assertThat(user.takeEvents()).isEmpty();
    assertThat(user.doubts).containsExactly(true, false);
  }

  @Test
  void theSecondGoesOnWhenTheFirstEndsMeanwhile() {
    opened();
    clock.pass(SECOND);
    agent.conditions.delayMillis = 400;
    agent.last().wire.silence();
    TwinWire first = agent.last().wire;
    write(numbers(10, 1));
    clock.pass(Duration.ofMillis(2300));
    first.cut();
    clock.pass(Duration.ofSeconds(2));
    assertThat(user.takeEvents()).containsExactly("suspended", "introduced", "resumed");
    assertThat(agent.conditions.opened).isEqualTo(2);
  }

  @Test
  void aSlowAnswerIsNoBlackHole() {
    agent.conditions.delayMillis = 600;
    clock.pass(Duration.ofSeconds(5));
    assertThat(user.takeEvents()).containsExactly("ready", "introduced");
    for (int i = 0; i < 20; i++) {
      write(numbers(100, i));
      clock.pass(Duration.ofSeconds(3));
    }
    assertThat(user.takeEvents()).isEmpty();
    assertThat(agent.conditions.open).isEqualTo(1);
    assertThat(carrier.rttMillis()).isBetween(1200.0, 1201.0);
  }

  @Test
  void anUnansweredResumeIsTakenOverByTheNext() {
    opened();
    agent.answersHellos = false;
    agent.last().wire.cut();
    clock.passMillis(500);
    agent.answersHellos = true;
    long took = clock.passUntil(Duration.ofSeconds(4), () -> user.events.contains("resumed"));
    assertThat(took).isLessThan(2000);
    assertThat(agent.conditions.open).isEqualTo(1);
  }

  // Probes

  @Test
  void aProbeOfALivingCarrierOpensNoOther() {
    opened();
    carrier.probe();
    clock.pass(SECOND);
    assertThat(agent.conditions.opened).isEqualTo(1);
    assertThat(agent.last().frames).filteredOn("PING 0"::equals).hasSize(2);
  }

  @Test
  void aProbeOfADeadCarrierReplacesItSoon() {
    opened();
    agent.last().wire.silence();
    carrier.probe();
    long took = clock.passUntil(SECOND, () -> user.events.contains("resumed"));
    assertThat(took).isLessThan(120);
  }

  @Test
  void aProbeEndsAPause() {
    opened();
    agent.conditions.refuses = true;
    agent.last().wire.cut();
    clock.pass(Duration.ofSeconds(60));
    agent.conditions.refuses = false;
    carrier.probe();
    long took = clock.passUntil(SECOND, () -> user.events.contains("resumed"));
    assertThat(took).isLessThan(10);
  }

  @Test
  void aProbeReplacesAnAttemptThatHangs() {
    opened();
    agent.conditions.blackHole = true;
    agent.last().wire.cut();
    clock.passMillis(1500);
    agent.conditions.blackHole = false;
    carrier.probe();
    long took = clock.passUntil(SECOND, () -> user.events.contains("resumed"));
    assertThat(took).isLessThan(10);
  }

  @Test
  void probesOneAfterTheOtherCostOneAnswer() {
    opened();
    agent.last().wire.silence();
    for (int i = 0; i < 50; i++) {
      carrier.probe();
      clock.passMillis(10);
    }
    assertThat(user.takeEvents()).containsExactly("suspended", "introduced", "resumed");
    assertThat(agent.conditions.opened).isEqualTo(2);
  }

  // Moves

  /** Begins to move the stream to another way, called "direct". */
  private void move() {
    direct.path = "direct";
    carrier.move(agent.opener(direct));
  }

  /** Moves it. */
  private void moved() {
    opened();
    move();
    clock.passMillis(10);
    assertThat(carrier.path()).isEqualTo("direct");
    assertThat(user.takeEvents()).containsExactly("introduced");
    assertThat(agent.conditions.open).isZero();
  }

  /** It is carried by the route, and nothing more was tried. */
  private void staysByTheRoute(int opened) {
    clock.pass(Duration.ofSeconds(30));
    write(numbers(100, 1));
    clock.pass(Duration.ofSeconds(30));
    assertThat(carrier.path()).isEqualTo("memory");
    assertThat(atAgent()).endsWith(numbers(100, 1));
    assertThat(agent.conditions.open).isEqualTo(1);
    assertThat(agent.conditions.opened).isEqualTo(opened);
    assertThat(direct.opened).isEqualTo(1);
    assertThat(direct.open).isZero();
  }

  @Test
  void aStreamThatMovesLosesNoByteAndIsNeverSuspended() {
    opened();
    byte[] up = numbers(900_000, 3);
    byte[] down = numbers(800_000, 4);
    agent.conditions.delayMillis = 20;
    direct.delayMillis = 5;
    write(up);
    agent.stream().say(down);
    clock.passMillis(15);
    move();
    clock.pass(SECOND);
    assertThat(atAgent()).isEqualTo(up);
    assertThat(atUser()).isEqualTo(down);
    assertThat(user.takeEvents()).containsExactly("introduced");
    assertThat(user.doubts).isEmpty();
    assertThat(carrier.path()).isEqualTo("direct");
    assertThat(carrier.resumed()).isZero();
    assertThat(carrier.rttMillis()).isBetween(10.0, 11.0);
  }

  @Test
  void theOldCarrierCarriesUntilTheAgentGreetsByTheNewOne() {
    opened();
    direct.delayMillis = 100;
    move();
    clock.passMillis(150);
    agent.stream().say(numbers(1000, 1));
    clock.passMillis(20);
    assertThat(atUser()).isEqualTo(numbers(1000, 1));
    clock.passMillis(500);
    assertThat(carrier.path()).isEqualTo("direct");
  }

  @Test
  void aWayThatIsRefusedChangesNothing() {
    opened();
    direct.refuses = true;
    move();
    staysByTheRoute(1);
    assertThat(user.takeEvents()).isEmpty();
  }

  @Test
  void aSilentWayChangesNothing() {
    opened();
    direct.blackHole = true;
    move();
    staysByTheRoute(1);
    assertThat(user.takeEvents()).isEmpty();
  }

  @Test
  void aStrangerOnTheOtherWayChangesNothing() {
    opened();
    agent.greetings = _ -> "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n".getBytes(US_ASCII);
    move();
    staysByTheRoute(1);
    assertThat(user.takeEvents()).isEmpty();
  }

  @Test
  void aWrongProofOnTheOtherWaySendsTheStreamBackAtOnce() {
    opened();
    byte[] up = numbers(300_000, 1);
    write(up);
    agent.answers =
        answer -> {
          agent.answers = next -> next;
          answer[20] ^= 1;
          return answer;
        };
    move();
    long took = clock.passUntil(SECOND, () -> user.events.contains("resumed"));
    assertThat(took).isLessThan(20);
    assertThat(user.takeEvents()).containsExactly("suspended", "introduced", "resumed");
    clock.passMillis(100);
    assertThat(atAgent()).isEqualTo(up);
    staysByTheRoute(2);
  }

  @Test
  void anotherWayThatDiesBeforeTheAnswerIsGivenUpAsAnyOther() {
    opened();
    direct.delayMillis = 50;
    move();
    clock.passMillis(110);
    agent.last().wire.silence();
    write(numbers(1000, 1));
    long took = clock.passUntil(Duration.ofSeconds(4), () -> user.events.contains("resumed"));
    assertThat(took).isBetween(1900L, 2100L);
    staysByTheRoute(2);
  }

  @Test
  void aMovedStreamThatIsCutGoesOnByTheRoute() {
    moved();
    byte[] up = numbers(500_000, 3);
    byte[] down = numbers(600_000, 4);
    direct.delayMillis = 20;
    write(up);
    agent.stream().say(down);
    clock.passMillis(10);
    agent.last().wire.cut();
    long took = clock.passUntil(SECOND, () -> user.events.contains("resumed"));
    assertThat(took).isLessThan(50);
    clock.pass(SECOND);
    assertThat(atAgent()).isEqualTo(up);
    assertThat(atUser()).isEqualTo(down);
    staysByTheRoute(2);
  }

  @Test
  void aMovedStreamThatIsSilentGoesOnByTheRoute() {
    moved();
    agent.last().wire.silence();
    carrier.probe();
    long took = clock.passUntil(SECOND, () -> user.events.contains("resumed"));
    assertThat(took).isLessThan(120);
    staysByTheRoute(2);
  }

  @Test
  void aSuspendedStreamIsNotMoved() {
    opened();
    agent.conditions.refuses = true;
    agent.last().wire.cut();
    clock.passMillis(50);
    move();
    clock.passMillis(500);
    assertThat(direct.opened).isZero();
  }

  @Test
  void aCutDuringTheMoveIsHealedByIt() {
    opened();
    direct.delayMillis = 50;
    move();
    clock.passMillis(20);
    agent.last().wire.cut();
    write(numbers(1000, 1));
    clock.passMillis(300);
    assertThat(user.takeEvents()).containsExactly("suspended", "introduced", "resumed");
    assertThat(carrier.path()).isEqualTo("direct");
    assertThat(atAgent()).isEqualTo(numbers(1000, 1));
    assertThat(agent.conditions.opened).isEqualTo(1);
  }

  @Test
  void aCutWhileTheOtherWayIsSilentIsHealedByTheRoute() {
    opened();
    direct.blackHole = true;
    move();
    clock.passMillis(20);
    agent.last().wire.cut();
    long took = clock.passUntil(SECOND, () -> user.events.contains("resumed"));
    assertThat(took).isLessThan(1000);
    staysByTheRoute(2);
  }

  @Test
  void closingDuringAMoveLeavesNothingOpen() {
    opened();
    direct.delayMillis = 50;
    move();
    clock.passMillis(20);
    carrier.close();
    clock.pass(SECOND);
    assertThat(user.takeEvents()).containsExactly("closed");
  }

  // What is kept

  @Test
  void whatIsNotConfirmedIsBounded() {
    opened();
    agent.conditions.delayMillis = 1000;
    byte[] piece = numbers(32 * 1024, 1);
    int written = 0;
    while (carrier.isWritable() && written < 100_000_000) {
      write(piece);
      written += piece.length;
      if (!carrier.isWritable()) {
        clock.passMillis(0);
      }
    }
    assertThat(written).isEqualTo(TwinWire.CAPACITY);
    assertThat(user.writable).isFalse();
    clock.pass(Duration.ofSeconds(5));
    assertThat(user.writable).isTrue();
  }

  @Test
  void whatTheAgentDoesNotConfirmIsKeptUpToTheLimit() {
    opened();
    agent.acknowledges = false;
    byte[] piece = numbers(64 * 1024, 1);
    int written = 0;
    for (int i = 0; i < 900; i++) { // less than a second, since a PONG would confirm
      while (carrier.isWritable()) {
        write(piece);
        written += piece.length;
      }
      clock.passMillis(1);
    }
    assertThat(written).isBetween(7 * 1024 * 1024, Stream.KEPT_LIMIT + piece.length);
    assertThat(atAgent()).hasSize(written);
    assertThat(user.writable).isFalse();
    agent.last().send(AgentTwin.frame(1, AgentTwin.position(written)));
    clock.passMillis(2);
    assertThat(user.writable).isTrue();
    assertThat(carrier.keptBytes()).isZero();
  }

  @Test
  void whatIsWrittenWhileSuspendedIsKeptUpToTheLimit() {
    opened();
    agent.conditions.refuses = true;
    agent.last().wire.cut();
    clock.passMillis(1);
    byte[] piece = numbers(64 * 1024, 1);
    int written = 0;
    while (carrier.isWritable()) {
      write(piece);
      written += piece.length;
    }
    assertThat(written).isBetween(7 * 1024 * 1024, Stream.KEPT_LIMIT + piece.length);
    assertThat(user.writable).isFalse();
    agent.conditions.refuses = false;
    clock.pass(Duration.ofSeconds(5));
    assertThat(user.writable).isTrue();
    assertThat(atAgent()).hasSize(written);
    for (int at = 0; at < written; at += piece.length) {
      assertThat(Arrays.copyOfRange(atAgent(), at, at + piece.length)).isEqualTo(piece);
    }
  }

  @Test
  void whoWritesOnAndOnWithoutACarrierEndsTheStream() {
    opened();
    agent.conditions.refuses = true;
    agent.last().wire.cut();
    clock.passMillis(1);
    for (int i = 0; i < 200; i++) {
      write(numbers(128 * 1024, 1));
    }
    clock.passMillis(1);
    assertThat(failure()).hasMessageContaining("too much was written");
  }

  @Test
  void manySmallPiecesFillTheLimitAsWell() {
    opened();
    agent.conditions.refuses = true;
    agent.last().wire.cut();
    clock.passMillis(1);
    int pieces = 0;
    while (carrier.isWritable()) {
      write(new byte[1]);
      pieces++;
    }
    assertThat(pieces).isBetween(20_000, 40_000);
  }

  @Test
  void aFrameIsNoLongerThanItMayBe() {
    opened();
    write(numbers(1_000_000, 1));
    clock.pass(SECOND);
    assertThat(agent.last().frames).filteredOn(f -> f.startsWith("DATA")).hasSize(8);
    assertThat(atAgent()).isEqualTo(numbers(1_000_000, 1));
  }

  @Test
  void whatIsWrittenInATurnIsOneFrame() {
    opened();
    for (int i = 0; i < 10; i++) {
      carrier.write(ByteBufAllocator.DEFAULT.buffer(100).writeZero(100));
    }
    carrier.flush();
    clock.passMillis(10);
    assertThat(agent.last().frames).contains("DATA 1000");
  }

  // Confirmations

  @Test
  void bytesAreConfirmedAtTheLatestAfter128KiB() {
    opened();
    clock.passMillis(1);
    for (int i = 0; i < 16; i++) {
      agent.stream().say(numbers(32 * 1024, i));
    }
    clock.passMillis(20);
    assertThat(agent.stream().confirmed).isGreaterThan(512 * 1024 - 128 * 1024);
  }

  @Test
  void bytesThatComeLaterThan100MillisecondsAfterTheLastConfirmationAreConfirmed() {
    opened();
    clock.passMillis(200);
    agent.stream().say(numbers(10, 1));
    clock.passMillis(10);
    assertThat(agent.stream().confirmed).isEqualTo(10);
    agent.stream().say(numbers(10, 1));
    clock.passMillis(10);
    assertThat(agent.stream().confirmed).isEqualTo(10);
    clock.passMillis(100);
    agent.stream().say(numbers(10, 1));
    clock.passMillis(10);
    assertThat(agent.stream().confirmed).isEqualTo(30);
  }

  @Test
  void theFirstPingGivesTheRoundTripAtOnce() {
    agent.conditions.delayMillis = 5;
    clock.passMillis(40);
    assertThat(carrier.rttMillis()).isBetween(10.0, 11.0);
  }

  // Back-pressure

  @Test
  void notReadingSurvivesAReplacement() {
    opened();
    carrier.setReading(false);
    agent.stream().say(numbers(1000, 1));
    clock.passMillis(10);
    assertThat(atUser()).isEmpty();
    agent.last().wire.cut();
    clock.pass(SECOND);
    assertThat(user.events).contains("resumed");
    assertThat(atUser()).isEmpty();
    carrier.setReading(true);
    clock.passMillis(10);
    assertThat(atUser()).isEqualTo(numbers(1000, 1));
  }

  @Test
  void whoIsNotListenedToIsNotDoubted() {
    opened();
    carrier.setReading(false);
    clock.pass(Duration.ofMinutes(5));
    write(new byte[10]);
    clock.pass(Duration.ofMinutes(5));
    assertThat(agent.conditions.opened).isEqualTo(1);
    assertThat(agent.last().frames).filteredOn("PING 0"::equals).hasSizeGreaterThan(20);
  }

  // The end

  @Test
  void closingTellsTheAgentAfterWhatWasWritten() {
    opened();
    AgentTwin.Stream stream = agent.stream();
    carrier.write(ByteBufAllocator.DEFAULT.buffer().writeBytes(numbers(100, 1)));
    carrier.close();
    clock.passMillis(10);
    assertThat(stream.fromClient.toByteArray()).isEqualTo(numbers(100, 1));
    assertThat(agent.last().frames).last().isEqualTo("CLOSE 0");
    assertThat(failure().code()).isEqualTo(ErrorCode.NOT_CONNECTED);
  }

  @Test
  void anOrderlyEndByTheAgentIsTold() {
    opened();
    agent.stream().say(numbers(10, 1));
    agent.last().send(AgentTwin.frame(4, "\0sshd has had enough".getBytes(US_ASCII)));
    clock.passMillis(10);
    assertThat(atUser()).isEqualTo(numbers(10, 1));
    assertThat(failure()).hasMessageContaining("sshd has had enough");
    clock.pass(SECOND);
    assertThat(agent.conditions.opened).isEqualTo(1);
  }

  @Test
  void anUnknownFrameEndsTheStream() {
    for (byte[] wrong :
        List.of(
            AgentTwin.frame(5, new byte[0]),
            AgentTwin.frame(0, new byte[0]),
            AgentTwin.frame(0, new byte[131_073]),
            AgentTwin.frame(1, new byte[7]),
            AgentTwin.frame(2, new byte[16]),
            AgentTwin.frame(3, new byte[15]),
            AgentTwin.frame(4, new byte[514]))) {
      TwinUser one = new TwinUser();
      AgentTwin its = new AgentTwin(clock, secret);
      ResumableCarrier.open(
          clock.loop(),
          clock::nanos,
          Runnable::run,
          its::opener,
          new ResumeSettings(secret, Duration.ofMinutes(15)),
          one,
          one);
      clock.passMillis(10);
      its.last().send(wrong);
      clock.pass(SECOND);
      assertThat(one.failure()).hasMessageContaining("makes no sense: a frame of type");
      assertThat(its.last().frames).last().isEqualTo("CLOSE 2");
      assertThat(its.conditions.open).isZero();
    }
  }

  @Test
  void closingWhileOpeningLeavesNothingOpen() {
    clock.settle();
    carrier.close();
    clock.pass(SECOND);
    assertThat(user.takeEvents()).containsExactly("closed");
  }

  @Test
  void closingWhileSuspendedLeavesNothingOpen() {
    opened();
    agent.conditions.delayMillis = 100;
    agent.last().wire.cut();
    clock.passMillis(50);
    carrier.close();
    clock.pass(SECOND);
    assertThat(user.takeEvents()).containsExactly("suspended", "closed");
  }
}
