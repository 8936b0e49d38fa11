package dev.ktd.bench.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.bench.figures.Results;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TransportTargetsTest {
  private final Results results = new Results();

  private void measured(String row, String candidate, double... rounds) {
    for (int round = 0; round < rounds.length; round++) {
      results.add(
          Row.series(row, candidate), "", new Results.Round(round, rounds[round], Map.of(), ""));
    }
  }

  private List<Boolean> met() {
    return TransportTargets.of(results).stream().map(Results.Verdict::met).toList();
  }

  @Test
  void nothingMeasuredIsNothingJudged() {
    assertThat(met()).isEmpty();
  }

  @Test
  void aLongWayMustBeTwiceAsFast() {
    measured(Bulk.row(8, true, 20), "ssh -L", 0.1, 0.1, 0.1);
    measured(Bulk.row(8, true, 20), "ktd", 0.19, 0.21, 0.2);
    measured(Bulk.row(8, true, 100), "ssh -L", 0.1, 0.1, 0.1);
    measured(Bulk.row(8, true, 100), "ktd", 0.19, 0.21, 0.19);
    assertThat(met()).containsExactly(true, false);
  }

  @Test
  void oneLostByteInOneRoundIsTooMany() {
    measured(Recovery.Cut.RESET.lost(), "ktd", 0, 0, 1, 0, 0);
    measured(Recovery.Cut.RESET.row(), "ktd", 0.2, 0.2, 0.2, 0.2);
    assertThat(met()).containsExactly(false, true);
  }

  @Test
  void aBlackHoleMayTakeFourSecondsAndAResetOne() {
    measured(Recovery.Cut.RESET.row(), "ktd", 3);
    measured(Recovery.Cut.BLACK_HOLE.row(), "ktd", 3);
    assertThat(met()).containsExactly(false, true);
  }

  @Test
  void aSmallGetTakesHalfTheTimeAtMost() {
    measured(Http.NEW + ", p50", "ssh -L", 40);
    measured(Http.NEW + ", p50", "ktd", 21);
    assertThat(met()).containsExactly(false);
  }
}
