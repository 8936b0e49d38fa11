package dev.ktd.bench.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ktd.bench.figures.Chart;
import dev.ktd.bench.figures.Machine;
import dev.ktd.bench.figures.Options;
import dev.ktd.bench.figures.Report;
import dev.ktd.bench.figures.Results;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TransportChartTest {
  private static final String UP = Bulk.row(1, false, 0);
  private static final String GET = Http.NEW + ", p50";

  private final Results results = new Results();

  private void measured(String row, String candidate, String unit, double... rounds) {
    for (int round = 0; round < rounds.length; round++) {
      results.add(
          Row.series(row, candidate), unit, new Results.Round(round, rounds[round], Map.of(), ""));
    }
  }

  private Chart chart() {
    var machine = new Machine("a CPU", 2, 1024, "Linux", "JDK", "abc", List.of(), "today");
    var options = new Options(3, 0, 0, List.of(), Path.of("out.json"), false);
    return TransportChart.of(
        new Report.Document(machine, options, List.of(), results.series(), Ratios.of(results)));
  }

  private Chart.Line onlyLine() {
    List<Chart.Group> groups = chart().groups();
    assertThat(groups).hasSize(1);
    assertThat(groups.getFirst().lines()).hasSize(1);
    return groups.getFirst().lines().getFirst();
  }

  @Test
  void moreBytesASecondAreBetter() {
    measured(UP, "ktd", "Gb/s", 1, 2, 4);
    measured(UP, "ssh -L", "Gb/s", 0.5, 0.5, 0.5);
    assertThat(onlyLine().dots()).containsExactly(new Chart.Dot("ktd", 4, 2, 8));
    assertThat(onlyLine().cells()).containsExactly("2.00", "0.50", "Gb/s");
  }

  @Test
  void lessTimeIsBetter() {
    measured(GET, "ktd", "ms", 5, 4, 10);
    measured(GET, "ssh -L", "ms", 40, 40, 40);
    Chart.Dot dot = onlyLine().dots().getFirst();
    assertThat(dot.median()).isCloseTo(8, within(1e-9));
    assertThat(dot.least()).isCloseTo(4, within(1e-9));
    assertThat(dot.most()).isCloseTo(10, within(1e-9));
  }

  @Test
  void ratiosAreThoseOfTheSameRound() {
    // The machine became four times as slow in the second round, for both.
    measured(UP, "ktd", "Gb/s", 2, 0.5, 2);
    measured(UP, "ssh -L", "Gb/s", 1, 0.25, 1);
    assertThat(onlyLine().dots()).containsExactly(new Chart.Dot("ktd", 2, 2, 2));
  }

  @Test
  void aPeerWithFewerRoundsIsComparedInThose() {
    measured(UP, "ktd", "Gb/s", 1, 1, 1);
    measured(UP, "sshuttle", "Gb/s", 0.1);
    measured(UP, "ssh -L", "Gb/s", 0.5, 1, 1);
    assertThat(onlyLine().dots()).contains(new Chart.Dot("sshuttle", 0.2, 0.2, 0.2));
  }

  @Test
  void whoLosesItsConnectionsHasNoDotButAWord() {
    measured(Recovery.Cut.RESET.row(), "ktd", "s", 0.5);
    assertThat(onlyLine().dots()).isEmpty();
    assertThat(onlyLine().cells()).containsExactly("0.50", "lost", "s");
  }

  @Test
  void whatWasNotMeasuredIsNotInThePicture() {
    assertThat(chart().groups()).isEmpty();
  }
}
