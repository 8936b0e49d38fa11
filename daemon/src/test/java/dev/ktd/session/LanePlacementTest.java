package dev.ktd.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class LanePlacementTest {
  private long now = -1_000_000;
  private final LanePlacement placement = new LanePlacement(3, () -> now);

  private void pass(Duration time) {
    now += time.toNanos();
  }

  private int best() {
    return placement.choose(_ -> true).orElseThrow();
  }

  private LanePlacement.Place open() {
    return placement.take(best());
  }

  private static void moveFast(LanePlacement.Place place) {
    place.moved(LanePlacement.BULK);
  }

  @Test
  void flowsSpreadEvenly() {
    for (int n = 0; n < 30; n++) {
      open();
    }
    open().leave();
    for (int lane = 0; lane < 3; lane++) {
      int only = lane;
      assertThat(placement.choose(each -> each == only)).hasValue(lane);
      placement.take(lane);
      placement.take(lane);
      assertThat(best()).as("fewest flows").isEqualTo((lane + 1) % 3 == 0 ? 0 : lane + 1);
    }
  }

  @Test
  void aLaneWithBulkIsLeftThoughOthersHaveManyFlows() {
    moveFast(placement.take(0));
    for (int n = 0; n < 100; n++) {
      placement.take(1);
      placement.take(2);
    }
    assertThat(best()).isEqualTo(1);
  }

  @Test
  void bulkThatComesOneByOneLeavesTheLaneWithTheLeastForNewFlows() {
    for (int n = 0; n < 8; n++) {
      moveFast(open());
    }
    assertThat(best()).as("3, 3 and 2 bulky flows").isEqualTo(2);
  }

  @Test
  void aFlowIsBulkyOnlyWhileItIsFast() {
    LanePlacement.Place place = placement.take(0);
    moveFast(place);
    assertThat(best()).isEqualTo(1);
    pass(Duration.ofMillis(999));
    placement.take(1);
    placement.take(2);
    placement.take(1);
    placement.take(2);
    assertThat(best()).isEqualTo(1);
    pass(Duration.ofMillis(1));
    assertThat(best()).isEqualTo(0);
    pass(Duration.ofMillis(1));
    moveFast(place);
    assertThat(best()).as("1 MiB in 1.001 s").isEqualTo(0);
    place.moved(LanePlacement.BULK / 2);
    place.moved(LanePlacement.BULK / 2);
    assertThat(best()).as("as much in no time").isEqualTo(1);
  }

  @Test
  void aBulkyFlowThatEndsIsForgotten() {
    LanePlacement.Place place = placement.take(0);
    moveFast(place);
    place.leave();
    place.leave();
    moveFast(place);
    assertThat(best()).isEqualTo(0);
    placement.take(0);
    assertThat(best()).as("one flow, not none and not minus one").isEqualTo(1);
  }

  @Test
  void unusableLanesAreNotChosen() {
    moveFast(placement.take(2));
    assertThat(placement.choose(lane -> lane == 2)).hasValue(2);
    assertThat(placement.choose(_ -> false)).isEmpty();
  }
}
