package dev.ktd.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What peers may send, over all channels of a transport, in simulated time. */
final class ReceiveBudgetTest {
  private static final long MILLISECOND = 1_000_000;
  private static final int PACKET = 32 * 1024;

  private final ReceiveBudget budget = new ReceiveBudget();
  private long now = 77_000 * MILLISECOND;

  /** A peer that always has more to send, a round trip away. */
  private final class Peer {
    private final ReceiveWindow window = budget.open();
    private int credit = window.size();
    private int adjustments;

    /** Sends all that it may; the program reads it at once; credit is there for the next trip. */
    int send() {
      int sent = 0;
      int returned = 0;
      for (; credit > 0; ) {
        int n = Math.min(PACKET, credit);
        credit -= n;
        sent += n;
        assertThat(window.received(n, now)).isTrue();
        returned += consume(n);
      }
      credit += returned;
      return sent;
    }

    int consume(int n) {
      int returned = window.consumed(n, now);
      adjustments += returned > 0 ? 1 : 0;
      return returned;
    }

    /** Sends 100 MB/s, a round trip of less than a millisecond away. */
    void sendNearby(int milliseconds) {
      for (int i = 0; i < milliseconds; i++) {
        now += MILLISECOND;
        int bytes = Math.min(credit, 100_000);
        credit -= bytes;
        assertThat(window.received(bytes, now)).isTrue();
        credit += consume(bytes);
      }
    }

    /** Sends all that it may; the program reads nothing. */
    Peer stall() {
      assertThat(window.received(credit, now)).isTrue();
      credit = 0;
      return this;
    }
  }

  private int roundTrips(long nanos, int number, Peer... peers) {
    int sent = 0;
    for (int i = 0; i < number; i++) {
      budget.roundTrip().sample(nanos, now);
      for (Peer peer : peers) {
        sent = peer.send();
      }
      now += nanos;
    }
    return sent;
  }

  private Peer[] peers(int number) {
    Peer[] all = new Peer[number];
    for (int i = 0; i < number; i++) {
      all[i] = new Peer();
    }
    return all;
  }

  @Test
  void aLoneFlowThatUsesItsWindowHasTheLargestAfterAFewRoundTrips() {
    Peer peer = new Peer();
    assertThat(peer.credit).isEqualTo(ReceiveBudget.LARGEST_START);
    int inLast = roundTrips(100 * MILLISECOND, 6, peer);
    assertThat(inLast).isGreaterThan(5 << 20);
    assertThat(peer.window.size()).isEqualTo(ReceiveWindow.LARGEST);
  }

  @Test
  void aFlowThatDoesNotUseItsWindowKeepsIt() {
    Peer peer = new Peer();
    budget.roundTrip().sample(100 * MILLISECOND, now);
    for (int i = 0; i < 100; i++) {
      assertThat(peer.window.received(5_000, now)).isTrue();
      peer.consume(5_000);
      now += 100 * MILLISECOND;
    }
    assertThat(peer.window.size()).isEqualTo(ReceiveBudget.LARGEST_START);
    // 500 KB came, and credit goes back by the quarter.
    assertThat(peer.adjustments).isLessThanOrEqualTo(8);
  }

  @Test
  void aSlowProgramIsNoReasonForAWindow() {
    Peer peer = new Peer();
    peer.stall();
    budget.roundTrip().sample(MILLISECOND, now);
    for (int i = 0; i < 1000; i++) {
      now += 10 * MILLISECOND;
      int returned = peer.consume(10_000);
      assertThat(peer.window.received(returned, now)).isTrue();
    }
    assertThat(peer.window.size()).isEqualTo(ReceiveBudget.LARGEST_START);
  }

  @Test
  void aBurstNearbyIsNoRate() {
    Peer peer = new Peer();
    budget.roundTrip().sample(MILLISECOND, now);
    for (int i = 0; i < 100; i++) {
      now += 40 * MILLISECOND;
      assertThat(peer.window.received(peer.credit, now)).isTrue();
      peer.credit = peer.consume(peer.window.held());
    }
    assertThat(peer.window.size()).isEqualTo(ReceiveBudget.LARGEST_START);
  }

  @Test
  void aFlowNearbyHasWhatItConsumesInFifteenMilliseconds() {
    Peer peer = new Peer();
    budget.roundTrip().sample(MILLISECOND, now);
    peer.sendNearby(1_000);
    assertThat(peer.window.size()).isBetween(1_400_000, 1_600_000);
  }

  @Test
  void eightBusyFlowsShareWhatOneHad() {
    Peer lone = new Peer();
    roundTrips(20 * MILLISECOND, 20, lone);
    Peer[] all = new Peer[8];
    all[0] = lone;
    System.arraycopy(peers(7), 0, all, 1, 7);
    roundTrips(20 * MILLISECOND, 100, all);
    for (Peer peer : all) {
      assertThat(peer.window.size()).isBetween(1_600_000, 2_100_000);
    }
    assertThat(budget.promised()).isLessThanOrEqualTo(16 << 20);
  }

  @Test
  void thousandsOfStoppedReadersStayWithinWhatWasPromisedAndLeaveABusyOneItsShare() {
    for (int number : new int[] {140, 1_000, 10_000, 16_383}) {
      var promises = new ReceiveBudget();
      long inFlight = 0;
      List<ReceiveWindow> stopped = new ArrayList<>();
      for (int i = 0; i < number; i++) {
        ReceiveWindow window = promises.open();
        assertThat(window.size()).isGreaterThanOrEqualTo(ReceiveBudget.FLOOR);
        assertThat(window.received(window.size(), now)).isTrue();
        inFlight += window.size();
        stopped.add(window);
      }
      long bound = ReceiveBudget.SHARED + (long) ReceiveBudget.FLOOR * number;
      assertThat(inFlight).isLessThanOrEqualTo(bound);
      assertThat(promises.promised()).isEqualTo(inFlight);
      assertThat(promises.ceiling(ReceiveBudget.FLOOR)).isGreaterThan(2_000_000);
      stopped.forEach(ReceiveWindow::abandon);
      assertThat(promises.promised()).isZero();
    }
  }

  @Test
  void whatIsHeldCountsUntilItIsConsumedAlsoAfterTheEnd() {
    Peer peer = new Peer();
    assertThat(peer.window.received(10_000, now)).isTrue();
    peer.window.close();
    assertThat(budget.promised()).isBetween(10_000L, 10_000L + ReceiveBudget.FLOOR);
    assertThat(peer.consume(9_999)).isZero();
    assertThat(budget.channels()).isOne();
    assertThat(peer.consume(1)).isZero();
    assertThat(budget.promised()).isZero();
    peer.window.abandon();
    peer.window.close();
    assertThat(budget.channels()).isZero();
  }

  @Test
  void aPeerThatSendsMoreThanItMayIsSeen() {
    Peer peer = new Peer();
    assertThat(peer.window.received(peer.credit, now)).isTrue();
    assertThat(peer.window.received(1, now)).isFalse();
    peer.window.abandon();
    assertThat(peer.window.received(1, now)).as("it has not heard of the end yet").isTrue();
  }

  @Test
  void theRoundTripIsTheShortestOfTheLastTimeOnly() {
    RoundTrip trip = new RoundTrip();
    assertThat(trip.nanos()).isEqualTo(RoundTrip.LONGEST_NANOS);
    trip.sample(5 * MILLISECOND, now);
    trip.sample(MILLISECOND, now);
    trip.sample(9 * MILLISECOND, now);
    assertThat(trip.nanos()).isEqualTo(MILLISECOND);
    for (int i = 0; i < 25; i++) {
      now += RoundTrip.REMEMBERED_NANOS / 10;
      trip.sample(80 * MILLISECOND, now);
    }
    assertThat(trip.nanos()).isEqualTo(80 * MILLISECOND);
    now += 3 * RoundTrip.REMEMBERED_NANOS;
    trip.sample(95 * MILLISECOND, now);
    assertThat(trip.nanos()).as("after a pause").isEqualTo(95 * MILLISECOND);
    trip.rerouted(90 * MILLISECOND, now);
    assertThat(trip.nanos()).isEqualTo(90 * MILLISECOND);
    trip.sample(50 * MILLISECOND, now);
    assertThat(trip.nanos()).isEqualTo(50 * MILLISECOND);
  }

  @Test
  void aCutDoesNotWidenTheWindowOfAProgramThatReadsOnAsBefore() {
    budget.roundTrip().sample(MILLISECOND, now);
    Peer peer = new Peer();
    peer.sendNearby(200);
    int before = peer.window.size();
    now += 600 * MILLISECOND;
    budget.roundTrip().rerouted(MILLISECOND, now);
    peer.sendNearby(200);
    assertThat(peer.window.size()).isEqualTo(before);
  }

  @Test
  void whateverHappensThePromiseHoldsAndNobodyWaitsForCreditThatNeverComes() {
    long seed = Long.getLong("ktd.seed", System.nanoTime());
    System.out.println("ReceiveBudgetTest: -Dktd.seed=" + seed);
    var random = new Random(seed);
    List<Peer> peers = new ArrayList<>();
    for (int step = 0; step < 200_000; step++) {
      now += random.nextInt(3) == 0 ? random.nextInt(5_000_000) : 0;
      if (peers.isEmpty() || (peers.size() < 300 && random.nextInt(20) == 0)) {
        peers.add(new Peer());
      }
      Peer peer = peers.get(random.nextInt(peers.size()));
      switch (random.nextInt(8)) {
        case 0, 1, 2 -> {
          int n = Math.min(peer.credit, random.nextInt(PACKET) + 1);
          peer.credit -= n;
          assertThat(peer.window.received(n, now)).isTrue();
        }
        case 3, 4, 5 -> peer.credit += peer.consume(random.nextInt(peer.window.held() + 1));
        case 6 -> peer.credit += peer.consume(peer.window.held());
        default -> {
          if (random.nextInt(30) == 0) {
            peer.window.close();
            peer.consume(peer.window.held());
            peers.remove(peer);
          }
        }
      }
      assertThat(peer.window.held() > 0 || peer.credit > 0 || !peers.contains(peer))
          .as("step %d", step)
          .isTrue();
      long outstanding = 0;
      if (step % 500 == 0) {
        for (Peer each : peers) {
          outstanding += each.credit + each.window.held();
        }
        assertThat(outstanding).isLessThanOrEqualTo(budget.promised());
      }
      assertThat(budget.promised())
          .isLessThanOrEqualTo(
              ReceiveBudget.SHARED + (long) ReceiveBudget.FLOOR * budget.channels());
    }
    peers.forEach(peer -> peer.window.abandon());
    assertThat(budget.promised()).isZero();
  }
}
