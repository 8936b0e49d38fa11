package dev.ktd.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.stack.StackConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each way an open can end frees its place, on this side and on the far side. */
final class OpenExitsTest {
  private static final int MOST = 16;
  private static final int ROUNDS = 3 * MOST;
  private static final int PLACE = 0x0a2b_0709;
  private static final StackConfig CONFIG =
      StackConfig.defaults(1500, 7)
          .with(new StackConfig.Limits(MOST, MOST, 64, 64, Duration.ofMinutes(1)));

  /** What ends a pending open, and whether the far side has to be told. */
  enum Exit {
    ACCEPTED(false),
    REFUSED(false),
    UNREACHABLE(false),
    PROHIBITED(false),
    FAR_SIDE_TIMED_OUT(false),
    TUNNEL_LOST(false),
    CLOSED_BY_FAR_SIDE(false),
    ENDED_BY_FAR_SIDE(false),
    RESET_BY_PROGRAM(true),
    GIVEN_UP_AFTER_30_S(true);

    private final boolean told;

    Exit(boolean told) {
      this.told = told;
    }

    void happens(MemoryPath path, Program program) {
      Downstream far = program.far().downstream;
      switch (this) {
        case ACCEPTED -> far.opened();
        case REFUSED -> far.failed(DialFailure.REFUSED);
        case UNREACHABLE -> far.failed(DialFailure.UNREACHABLE);
        case PROHIBITED -> far.failed(DialFailure.PROHIBITED);
        case FAR_SIDE_TIMED_OUT -> far.failed(DialFailure.TIMED_OUT);
        case TUNNEL_LOST -> far.failed(DialFailure.NO_TUNNEL);
        case CLOSED_BY_FAR_SIDE -> far.closed(false);
        case ENDED_BY_FAR_SIDE -> far.closed(true);
        case RESET_BY_PROGRAM -> program.reset();
        case GIVEN_UP_AFTER_30_S -> path.pass(Relay.DIAL_NANOS);
      }
      path.settle();
    }
  }

  private static void nothingWaits(MemoryPath path) {
    assertThat(path.gauge("tcp.pending")).isZero();
    assertThat(path.relay.counters().dialling()).isZero();
    assertThat(path.relay.nextDeadline()).isEqualTo(Long.MAX_VALUE);
  }

  private static Program opening(MemoryPath path) {
    Program program = path.program(PLACE, 80);
    program.connect();
    path.settle();
    assertThat(program.dialled()).as("there was a place").isTrue();
    return program;
  }

  @ParameterizedTest
  @EnumSource
  void everyExitFreesItsPlace(Exit exit) {
    try (var path = new MemoryPath(CONFIG)) {
      for (int i = 0; i < ROUNDS; i++) {
        Program program = opening(path);
        assertThat(path.gauge("tcp.pending")).isEqualTo(1);
        exit.happens(path, program);
        nothingWaits(path);
        assertThat(program.far().events).isEqualTo(exit.told ? List.of("abort") : List.of());
        assertThat(program.isEstablished()).isEqualTo(exit == Exit.ACCEPTED);
        if (exit == Exit.ACCEPTED) {
          program.reset();
        }
        // What the far side says too late goes nowhere.
        program.far().downstream.opened();
        program.far().downstream.failed(DialFailure.REFUSED);
        assertThat(path.stack.tcpFlows()).isZero();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aFullTableIsEmptiedByEveryExit(Exit exit) {
    try (var path = new MemoryPath(CONFIG)) {
      // A quarter is for destinations that have answered.
      int room = MOST - MOST / 4;
      List<Program> programs = new ArrayList<>();
      for (int i = 0; i < room; i++) {
        programs.add(opening(path));
      }
      Program late = path.program(PLACE, 80);
      late.connect();
      assertThat(late.dialled()).as("no place is left").isFalse();
      for (Program program : programs) {
        if (path.gauge("tcp.pending") > 0) {
          exit.happens(path, program);
        }
      }
      nothingWaits(path);
      late.connect();
      assertThat(late.dialled()).as("its SYN came again").isTrue();
    }
  }

  @Test
  void aRepeatedSynTakesNoPlaceAndAsksNobody() {
    try (var path = new MemoryPath(CONFIG)) {
      Program program = opening(path);
      for (int i = 0; i < ROUNDS; i++) {
        program.connect();
      }
      assertThat(path.gauge("tcp.pending")).isEqualTo(1);
      assertThat(path.gauge("tcp.repeated-syns")).isEqualTo(ROUNDS);
      assertThat(path.farSide.streams).hasSize(1);
    }
  }

  @Test
  void aNewSynFromTheSamePortFreesThePlaceOfTheOldOne() {
    try (var path = new MemoryPath(CONFIG)) {
      for (int i = 0; i < ROUNDS; i++) {
        Program program = opening(path);
        program.connectAnew();
        assertThat(program.far().events).containsExactly("abort");
        assertThat(path.gauge("tcp.pending")).isEqualTo(1);
        path.farSide.stream().downstream.failed(DialFailure.REFUSED);
        nothingWaits(path);
      }
    }
  }

  @Test
  void whoGivesWayIsGivenUpOnTheFarSideToo() {
    try (var path = new MemoryPath(CONFIG)) {
      for (int i = 0; i < ROUNDS; i++) {
        opening(path);
        path.pass(2_000_000_000L);
      }
      int room = MOST - MOST / 4;
      assertThat(path.gauge("tcp.pending")).isEqualTo(room);
      assertThat(path.gauge("drops.gave-way")).isEqualTo(ROUNDS - room);
      assertThat(path.relay.counters().dialling()).isEqualTo(room);
      assertThat(path.farSide.streams.subList(0, ROUNDS - room))
          .allSatisfy(stream -> assertThat(stream.events).containsExactly("abort"));
      assertThat(path.farSide.streams.subList(ROUNDS - room, ROUNDS))
          .allSatisfy(stream -> assertThat(stream.events).isEmpty());
    }
  }

  @Test
  void closingGivesEveryDialUp() {
    var path = new MemoryPath(CONFIG);
    for (int i = 0; i < MOST / 2; i++) {
      opening(path);
    }
    path.close();
    nothingWaits(path);
    assertThat(path.farSide.streams)
        .allSatisfy(stream -> assertThat(stream.events).containsExactly("abort"));
  }
}
