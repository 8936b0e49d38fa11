package dev.ktd.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Who sends when one carrier has less room than there is to send; in bytes, without a clock. */
final class FlowLineTest {
  private static final int QUANTUM = FlowLine.QUANTUM;
  private static final long ENDLESS = Long.MAX_VALUE / 2;

  private final FlowLine line = new FlowLine();
  private final List<String> order = new ArrayList<>();
  private int room;

  /** A flow with so much to send, which does as a channel does. */
  private final class Flow {
    private final String name;
    private final FlowLine.Place place = new FlowLine.Place(this::pump);
    private long waiting;
    private long sent;
    private boolean windowClosed;

    Flow(String name) {
      this.name = name;
    }

    Flow has(long bytes) {
      waiting += bytes;
      pump();
      return this;
    }

    void pump() {
      long before = sent;
      while (waiting > 0 && !windowClosed) {
        int allowed = room > 0 ? line.allowance(place) : 0;
        if (allowed == 0) {
          line.await(place);
          break;
        }
        int n = (int) Math.min(Math.min(waiting, room), Math.min(allowed, QUANTUM));
        line.sent(place, n);
        waiting -= n;
        sent += n;
        room -= n;
      }
      if (sent > before) {
        order.add(name);
      }
    }
  }

  private void carrierTakes(int bytes) {
    room = bytes;
    while (room > 0 && !line.isEmpty()) {
      line.turn(() -> room > 0);
    }
    room = 0;
  }

  @Test
  void whoIsAloneSendsAllThatThereIsRoomFor() {
    room = 10 * QUANTUM;
    Flow alone = new Flow("alone").has(ENDLESS);
    assertThat(alone.sent).isEqualTo(10L * QUANTUM);
  }

  @Test
  void bulksOfAnySizeSendTheSame() {
    List<Flow> bulks = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      bulks.add(new Flow("bulk " + i).has(ENDLESS));
    }
    // The room is no multiple of a share: who is cut short is the next.
    for (int i = 0; i < 500; i++) {
      carrierTakes(50_001);
    }
    long fair = 500 * 50_001 / 5;
    assertThat(bulks).allSatisfy(b -> assertThat(b.sent).isBetween(fair - QUANTUM, fair + QUANTUM));
  }

  @Test
  void aKeyPressGoesBeforeAnyBulk() {
    for (int i = 0; i < 100; i++) {
      new Flow("bulk").has(ENDLESS);
    }
    carrierTakes(4_000_000); // They were new once, too.
    Flow key = new Flow("key");
    for (int i = 0; i < 50; i++) {
      order.clear();
      key.has(64);
      carrierTakes(40_000);
      assertThat(order).as("key press %d", i).first().isEqualTo("key");
    }
    assertThat(key.sent).isEqualTo(50 * 64);
  }

  @Test
  void aMediumFlowGetsWhatItWantsAndABulkTheRest() {
    Flow bulk = new Flow("bulk").has(ENDLESS);
    List<Flow> mediums = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      mediums.add(new Flow("medium"));
    }
    for (int i = 0; i < 100; i++) {
      mediums.forEach(medium -> medium.has(10_000));
      carrierTakes(200_000);
    }
    assertThat(mediums).allSatisfy(m -> assertThat(m.sent).isEqualTo(1_000_000));
    assertThat(bulk.sent).isEqualTo(100 * (200_000 - 80_000));
  }

  @Test
  void whoComesAgainInTheSameRoundIsNotNewAgain() {
    List<Flow> bulks = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      bulks.add(new Flow("bulk").has(ENDLESS));
    }
    // It never has more than half a share waiting, but always some: a bulk in small pieces.
    Flow sly = new Flow("sly");
    for (int i = 0; i < 2_000; i++) {
      if (sly.waiting < QUANTUM / 2) {
        sly.has(QUANTUM / 2);
      }
      carrierTakes(QUANTUM / 2);
    }
    long fair = 2_000L * (QUANTUM / 2) / 11;
    assertThat(sly.sent).isLessThanOrEqualTo(fair * 5 / 4);
    assertThat(bulks).allSatisfy(b -> assertThat(b.sent).isGreaterThan(fair * 9 / 10));
  }

  @Test
  void aFlowWhoseWindowIsClosedCostsNothing() {
    Flow stalled = new Flow("stalled").has(ENDLESS);
    Flow other = new Flow("other").has(ENDLESS);
    stalled.windowClosed = true;
    carrierTakes(100 * QUANTUM);
    assertThat(stalled.sent).isZero();
    assertThat(other.sent).isEqualTo(100L * QUANTUM);
    stalled.windowClosed = false;
    stalled.pump();
    carrierTakes(100 * QUANTUM);
    assertThat(stalled.sent).isBetween(50L * QUANTUM, 51L * QUANTUM);
  }

  @Test
  void tenThousandFlowsAllHaveTheirTurn() {
    List<Flow> flows = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      flows.add(new Flow("flow").has(100_000));
    }
    carrierTakes(Integer.MAX_VALUE);
    assertThat(flows).allSatisfy(flow -> assertThat(flow.sent).isEqualTo(100_000));
    assertThat(line.isEmpty()).isTrue();
  }

  @Test
  void aFrameThatCannotWaitHasAShareOfEachRoundOnly() {
    new Flow("bulk").has(ENDLESS);
    FlowLine.Place datagrams = new FlowLine.Place(() -> {});
    int sent = 0;
    while (line.share(datagrams) > 0) {
      line.sent(datagrams, 1_000);
      sent += 1_000;
    }
    assertThat(sent).isEqualTo(33_000);
    carrierTakes(2 * QUANTUM);
    assertThat(line.share(datagrams)).isEqualTo(QUANTUM);
  }
}
