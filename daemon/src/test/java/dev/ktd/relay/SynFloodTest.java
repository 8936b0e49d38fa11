package dev.ktd.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.stack.StackConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * A hundred thousand SYNs in ten seconds to where nobody answers, while a transfer goes on and
 * other programs connect to hosts 100 ms away.
 */
final class SynFloodTest {
  private static final int SYNS = 100_000;
  private static final int EACH_STEP = 100;
  private static final long STEP = 10_000_000L;
  private static final int HOME = 0x0a2b_0101;
  private static final int BLACK_HOLE = 0x0a2b_0709;

  /** Whole 64 KiB; a pending open holds none. */
  private static final long TRANSFERS_BUFFERS = 256 * 1024;

  private final StackConfig config = StackConfig.defaults(1500, 7);
  private final int most = config.limits().pendingOpens();
  private final MemoryPath path = new MemoryPath(config);
  private final List<Program> opening = new ArrayList<>();
  private final List<Long> answersAt = new ArrayList<>();

  @Test
  void aFloodToOneBlackHoleDisturbsNobody() {
    flood(i -> BLACK_HOLE, config.limits().pendingOpensPerDestination());
    assertThat(path.gauge("drops.gave-way")).isZero();
  }

  @Test
  void aFloodToAHundredThousandBlackHolesDisturbsNobody() {
    flood(i -> 0x0a50_0000 + i, most - most / 4);
    assertThat(path.gauge("drops.gave-way")).isPositive();
  }

  @AfterEach
  void nothingIsLeft() {
    path.close();
    assertThat(path.gauge("tcp.pending")).isZero();
    assertThat(path.relay.counters().dialling()).isZero();
  }

  private void flood(IntUnaryOperator destination, int places) {
    Program transfer = path.connected(HOME, 80);
    long moved = 0;
    int connected = 0;
    for (int step = 0; step < SYNS / EACH_STEP; step++) {
      for (int i = 0; i < EACH_STEP; i++) {
        path.deaf(destination.applyAsInt(step * EACH_STEP + i), 84).connect();
      }
      path.now += STEP;
      transfer.send(4096);
      transfer.far().downstream.data(Program.bytes(moved, 4096));
      moved += 4096;
      if (step % 10 == 0) {
        connect(step);
      }
      connected += answer();
      path.settle();
      bounded();
    }
    assertThat(transfer.read()).as("bytes down").isEqualTo(moved);
    assertThat(transfer.far().taken.size()).as("bytes up").isEqualTo((int) moved);
    assertThat(connected).as("hosts that answered before").isGreaterThanOrEqualTo(99);
    assertThat(path.stack.tcpFlows()).isEqualTo(1 + connected + (int) path.gauge("tcp.pending"));
    assertThat(path.gauge("tcp.pending")).isBetween((long) places, (long) places + opening.size());
    aHostUsedForTheFirstTimeIsReached();
  }

  private void connect(int step) {
    Program program = path.program(HOME, 80);
    program.connect();
    assertThat(program.dialled()).as("step " + step).isTrue();
    opening.add(program);
    answersAt.add(path.now + 100_000_000L);
  }

  /** The far side answers those whose time has come. */
  private int answer() {
    int answered = 0;
    while (!opening.isEmpty() && answersAt.getFirst() <= path.now) {
      answersAt.removeFirst();
      Program program = opening.removeFirst();
      program.far().downstream.opened();
      path.settle();
      assertThat(program.isEstablished()).isTrue();
      answered++;
    }
    return answered;
  }

  /** As Linux does it: the SYN again after one second, three, seven. */
  private void aHostUsedForTheFirstTimeIsReached() {
    Program program = path.program(0x0a2b_0202, 80);
    program.connect();
    for (int wait = 1; wait <= 4 && !program.dialled(); wait *= 2) {
      path.pass(wait * 1_000_000_000L);
      program.connect();
    }
    path.pass(100_000_000L);
    program.far().downstream.opened();
    path.settle();
    if (!program.isEstablished()) {
      throw new AssertionError("not connected");
    }
  }

  private void bounded() {
    assertThat(path.gauge("tcp.pending")).isLessThanOrEqualTo(most);
    assertThat(path.relay.counters().dialling()).isLessThanOrEqualTo(most);
    assertThat(path.gauge("buffers.bytes")).isLessThanOrEqualTo(TRANSFERS_BUFFERS);
  }
}
