package dev.ktd.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Windows over a path that carries so many bytes a millisecond and queues the rest, in simulated
 * time: every round trip that is seen has in it what the windows themselves let the peers send.
 */
final class QueuedPathTest {
  private static final long MILLISECOND = 1_000_000;
  private static final int PACKET = 32 * 1024;
  private static final int RATE = 100_000;

  private final ReceiveBudget budget = new ReceiveBudget();
  private final Deque<Packet> queue = new ArrayDeque<>();
  private final Deque<Packet> underWay = new ArrayDeque<>();
  private final Deque<Packet> credits = new ArrayDeque<>();
  private final List<Peer> peers = new ArrayList<>();
  private long now = 55_000 * MILLISECOND;
  private long halfTrip;
  private long arrived;

  /** Bytes, or credit, and when they are there. */
  private record Packet(Peer peer, int bytes, long due) {}

  /** One that always has more to send, to a program that reads at once. */
  private static final class Peer {
    private final ReceiveWindow window;
    private int credit;

    Peer(ReceiveBudget budget) {
      window = budget.open();
      credit = window.size();
    }
  }

  private void open(int number) {
    for (int i = 0; i < number; i++) {
      peers.add(new Peer(budget));
    }
    budget.roundTrip(now - 2 * halfTrip, now);
  }

  private void pass(int milliseconds) {
    for (int i = 0; i < milliseconds; i++) {
      now += MILLISECOND;
      while (!credits.isEmpty() && credits.element().due <= now) {
        Packet credit = credits.remove();
        credit.peer.credit += credit.bytes;
      }
      peers.forEach(this::send);
      int room = RATE;
      while (!queue.isEmpty() && queue.element().bytes <= room) {
        Packet first = queue.remove();
        room -= first.bytes;
        underWay.add(new Packet(first.peer, first.bytes, now + halfTrip));
      }
      while (!underWay.isEmpty() && underWay.element().due <= now) {
        arrive(underWay.remove());
      }
    }
  }

  private void send(Peer peer) {
    for (; peer.credit > 0; ) {
      int bytes = Math.min(PACKET, peer.credit);
      peer.credit -= bytes;
      queue.add(new Packet(peer, bytes, 0));
    }
  }

  private void arrive(Packet packet) {
    ReceiveWindow window = packet.peer.window;
    assertThat(window.received(packet.bytes, now)).isTrue();
    arrived += packet.bytes;
    int credit = window.consumed(packet.bytes, now);
    if (credit > 0) {
      credits.add(new Packet(packet.peer, credit, now + halfTrip));
    }
  }

  /** Of what the path could carry, in the next so many seconds. */
  private double use(int seconds) {
    long before = arrived;
    pass(seconds * 1000);
    return (arrived - before) / (seconds * 1000.0 * RATE);
  }

  private long windows() {
    return peers.stream().mapToLong(peer -> peer.window.size()).sum();
  }

  @Test
  void aLoadThatGoesOnDoesNotMakeItsOwnQueuesLonger() {
    halfTrip = MILLISECOND / 4;
    open(8);
    pass(5_000);
    long atFirst = windows();
    assertThat(use(120)).isGreaterThan(0.9);
    assertThat(windows()).isLessThanOrEqualTo(atFirst * 3 / 2);
    assertThat(windows()).isLessThan(4 << 20);
  }

  @Test
  void aPathThatBecomesLongerGetsLargerWindowsInTime() {
    halfTrip = MILLISECOND / 4;
    open(1);
    assertThat(use(30)).isGreaterThan(0.9);
    halfTrip = 25 * MILLISECOND;
    pass(25_000);
    assertThat(use(10)).isGreaterThan(0.85);
  }

  @Test
  void aDrainCostsAFarPathLittle() {
    halfTrip = 25 * MILLISECOND;
    open(1);
    pass(2_000);
    assertThat(use(60)).isGreaterThan(0.93);
  }

  @Test
  void whoIsHeldBackGoesOnWhenTheDrainIsOverAlsoAfterAPause() {
    halfTrip = MILLISECOND / 4;
    open(3);
    pass(9_990);
    Peer quiet = peers.remove(0);
    pass(100);
    peers.add(quiet);
    long before = arrived;
    pass(5_000);
    assertThat(arrived).isGreaterThan(before);
    assertThat(peers).allMatch(peer -> peer.window.size() > ReceiveBudget.DRAINED);
  }
}
