package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Report;
import dev.ktd.testbed.WireProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;

/**
 * What becomes of an open connection when the way to the API server is cut, and how soon a new one
 * works. All candidates stand over one wire, so that a cut hits all of them at once.
 */
final class Recovery {
  /** What happens to the way. */
  enum Cut {
    /** RST to both ends of all that is open. */
    RESET(1),
    /** All that is open stays so and passes nothing. */
    BLACK_HOLE(4),
    /** The same, while the processes of candidate and program stand still for a minute. */
    SLEEP(0);

    private final double mostSeconds;

    Cut(double mostSeconds) {
      this.mostSeconds = mostSeconds;
    }

    /** What the project allows; 0 where it names nothing. */
    double mostSeconds() {
      return mostSeconds;
    }

    String text() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /** How long an open connection paused; without a value where it did not go on. */
    String row() {
      return "recovery from " + text();
    }

    /** From the cut's end to the first byte over a new connection, if there is one. */
    String renewed() {
      return "new connection after " + text();
    }

    /** What a program had sent and never saw again. */
    String lost() {
      return "bytes lost by " + text();
    }
  }

  private static final int BEFORE_MILLIS = 2_000;
  private static final int SENDING_AFTER_MILLIS = 5_000;

  /** Who has not gone on so long after that is taken for lost. */
  private static final int PATIENCE_MILLIS = 10_000;

  private static final int SLEEP_MILLIS = 60_000;
  private static final int SLEEP_ROUNDS = 3;

  private final Bed bed;

  Recovery(Bed bed) {
    this.bed = bed;
  }

  void run(List<Candidate.Entry> group) throws IOException, InterruptedException {
    Report.line("recovery");
    try (WireProcess wire = bed.wire()) {
      Path way = bed.over(wire);
      try (var standing = new Standing(bed, way, group)) {
        new Bulk(bed).warmUp(standing);
        for (int round = 0; round < bed.options.rounds(); round++) {
          for (Cut cut : Cut.values()) {
            if (cut != Cut.SLEEP || round < SLEEP_ROUNDS) {
              cut(round, cut, wire, standing.all());
            }
          }
        }
      }
    }
  }

  private void cut(int round, Cut cut, WireProcess wire, Map<String, Candidate> candidates)
      throws IOException, InterruptedException {
    int sleep = cut == Cut.SLEEP ? sleepMillis() : 0;
    int sending = BEFORE_MILLIS + sleep + SENDING_AFTER_MILLIS;
    List<Witness> witnesses = new ArrayList<>();
    try {
      for (Map.Entry<String, Candidate> entry : candidates.entrySet()) {
        witnesses.add(new Witness(entry.getKey(), entry.getValue(), sending, PATIENCE_MILLIS));
      }
      TimeUnit.MILLISECONDS.sleep(BEFORE_MILLIS);
      double slept = happen(cut, wire, witnesses, sleep);
      witnesses.forEach(witness -> witness.connectAnew(PATIENCE_MILLIS));
      witnesses.forEach(witness -> judge(round, cut, slept, witness));
    } finally {
      witnesses.forEach(Witness::close);
    }
  }

  private int sleepMillis() {
    return bed.options.quick() ? SLEEP_MILLIS / 10 : SLEEP_MILLIS;
  }

  /** Returns the seconds in which nothing could run. */
  private double happen(Cut cut, WireProcess wire, List<Witness> witnesses, int sleepMillis)
      throws InterruptedException {
    switch (cut) {
      case RESET -> wire.reset();
      case BLACK_HOLE -> wire.silence();
      case SLEEP -> {
        List<Long> pids = witnesses.stream().flatMap(it -> it.processes().stream()).toList();
        bed.undoLater(() -> signal("CONT", pids));
        long start = System.nanoTime();
        signal("STOP", pids);
        wire.silence();
        TimeUnit.MILLISECONDS.sleep(sleepMillis);
        signal("CONT", pids);
        return (System.nanoTime() - start) / 1e9;
      }
    }
    return 0;
  }

  private void signal(String name, List<Long> pids) {
    List<String> command = new ArrayList<>(List.of("kill", "-" + name));
    pids.forEach(pid -> command.add(pid.toString()));
    // One of them may have ended.
    bed.attempt(Duration.ofSeconds(10), command.toArray(String[]::new));
  }

  private void judge(int round, Cut cut, double slept, Witness witness) {
    String name = witness.name;
    try {
      Witness.Seen seen = witness.seen();
      OptionalDouble anew = witness.renewed();
      double pause = seen.pauseSeconds() - slept;
      var details = Map.<String, Object>of("sent", seen.sent(), "kept", seen.whole());
      new Row(bed, cut.lost(), "bytes", round).add(name, (double) seen.lost(), details, "");
      if (seen.whole()) {
        new Row(bed, cut.row(), "s", round).add(name, pause, details, "");
      } else {
        witness.candidate.close(); // one that hangs would do so for ever
      }
      anew.ifPresent(
          seconds -> new Row(bed, cut.renewed(), "s", round).add(name, seconds, Map.of(), ""));
      Report.line(
          "  %-52s %s; %d MB sent, a new connection %s"
              .formatted(
                  Row.series(cut.row(), name),
                  seen.whole()
                      ? "%10.2f s".formatted(pause)
                      : "lost, with %d bytes".formatted(seen.lost()),
                  seen.sent() / 1_000_000,
                  anew.isPresent() ? "after %.2f s".formatted(anew.getAsDouble()) : "never works"));
    } catch (IOException e) {
      Report.line("  " + name + " failed: " + e.getMessage());
      witness.candidate.close();
    }
  }
}
