package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Who may wait, and who gives way. A connection is its number here. */
final class PendingOpensTest {
  private static final long SECOND = RoundTrip.SECOND;
  private static final int MOST = 16;
  private static final int UNKNOWN = 12;

  private final List<Integer> gone = new ArrayList<>();
  private final PendingOpens<Integer> opens = opens(MOST, 8);
  private int count;

  private PendingOpens<Integer> opens(int most, int perDestination) {
    return new PendingOpens<>(
        new StackConfig.Limits(most, perDestination, 64, 64, Duration.ofMinutes(1)), gone::add);
  }

  private static InetSocketAddress destination(int number) {
    return new InetSocketAddress(
        InetAddress.ofLiteral(
            "10.%d.%d.%d".formatted(number >>> 16, number >>> 8 & 0xff, number & 0xff)),
        80);
  }

  private boolean open(int destination, long now) {
    if (!opens.admits(destination(destination), now)) {
      return false;
    }
    opens.add(count++, destination(destination), now);
    return true;
  }

  /** Destination 0 is known to answer from here on. */
  private void oneAnswers() {
    assertThat(open(0, 0)).isTrue();
    opens.answered(0);
  }

  private void fillWithUnknown(long now) {
    for (int i = 0; i < UNKNOWN; i++) {
      assertThat(open(100 + i, now)).isTrue();
    }
  }

  @Test
  void oneDestinationTakesItsShareOnly() {
    for (int i = 0; i < 8; i++) {
      assertThat(open(1, 0)).isTrue();
    }
    assertThat(open(1, 100 * SECOND)).as("nor do its own give way").isFalse();
    assertThat(open(2, 0)).isTrue();
    opens.unanswered(3);
    assertThat(open(1, 0)).isTrue();
  }

  @Test
  void aQuarterIsKeptForDestinationsThatAnswer() {
    oneAnswers();
    fillWithUnknown(SECOND);
    assertThat(open(1, SECOND)).isFalse();
    for (int i = 0; i < MOST - UNKNOWN; i++) {
      assertThat(open(0, SECOND)).isTrue();
    }
    assertThat(open(0, SECOND)).isFalse();
    assertThat(opens.total()).isEqualTo(MOST);
    assertThat(gone).isEmpty();
  }

  @Test
  void whoDoesNotAnswerAnyLongerIsNoLongerKnown() {
    oneAnswers();
    open(0, 0);
    opens.unanswered(1);
    fillWithUnknown(0);
    assertThat(open(0, 0)).isFalse();
  }

  @Test
  void whoWaitsForLongestGivesWayAfterASecond() {
    for (int i = 0; i < UNKNOWN; i++) {
      open(100 + i, i);
    }
    assertThat(open(1, SECOND - 1)).isFalse();
    assertThat(open(1, SECOND)).isTrue();
    assertThat(open(2, SECOND)).as("the next one waits since 1 ns").isFalse();
    assertThat(open(2, SECOND + 1)).isTrue();
    assertThat(gone).containsExactly(0, 1);
    assertThat(opens.total()).isEqualTo(UNKNOWN);
  }

  @Test
  void whoGaveWayIsGoneOnceOnly() {
    fillWithUnknown(0);
    open(1, SECOND);
    opens.unanswered(0);
    opens.answered(0);
    assertThat(opens.total()).isEqualTo(UNKNOWN);
  }

  @Test
  void theFarSideIsSparedPlacesThatChangeTooOften() {
    PendingOpens<Integer> many = opens(1024, 8);
    flood(many, 0, 600);
    long most = PendingOpens.TURNS + 600 * SECOND / PendingOpens.REFILL;
    assertThat((long) gone.size()).isBetween(most - 40, most);

    gone.clear();
    flood(many, 601, 602);
    assertThat(gone).as("what a second or two give").hasSizeLessThan(100);

    gone.clear();
    flood(many, 2000, 2010);
    most = PendingOpens.TURNS + 10 * SECOND / PendingOpens.REFILL;
    assertThat((long) gone.size()).as("after a pause").isBetween(most - 40, most);
  }

  /** A thousand SYNs a second, each to a destination of its own. */
  private void flood(PendingOpens<Integer> opens, long from, long to) {
    for (long now = from * SECOND; now < to * SECOND; now += SECOND / 1000) {
      InetSocketAddress target = destination(count);
      if (opens.admits(target, now)) {
        opens.add(count, target, now);
      }
      count++;
    }
  }

  @Test
  void whichDestinationsAnsweredIsRememberedWithinABound() {
    for (int i = 0; i < 2000; i++) {
      open(i, 0);
      opens.answered(i);
    }
    for (int i = 0; i < UNKNOWN; i++) {
      open(5000 + i, 0);
    }
    assertThat(open(1999, 0)).isTrue();
    assertThat(open(0, 0)).as("forgotten, as it was used longest ago").isFalse();
    assertThat(opens.total()).isEqualTo(UNKNOWN + 1);
  }
}
