package dev.ktd.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.stack.StackConfig;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who does not read holds back its own sender, and nobody else. */
final class BackPressureTest {
  private static final int HOST = 0x0a2b_0709;
  private static final long SECOND = 1_000_000_000L;
  private static final int CHUNK = 64 * 1024;

  /** What these far sides send ahead; more would be allowed. */
  private static final int WINDOW = 2 * 1024 * 1024;

  private final StackConfig config = StackConfig.defaults(1500, 7);
  private MemoryPath path = new MemoryPath(config);

  @AfterEach
  void everythingIsGivenBack() {
    path.close();
    assertThat(path.gauge("buffers.bytes")).isZero();
  }

  /** A far side that sends as much as its window lets it, as an SSH channel would. */
  private static final class Source {
    private final FakeFarSide.Stream stream;
    private final long total;
    private long sent;

    Source(Program program, long total) {
      stream = program.far();
      this.total = total;
    }

    /** At most 32 KiB, as in a packet of SSH. */
    boolean sendOnce() {
      long window = WINDOW - (sent - stream.consumed);
      int size = (int) Math.min(Math.min(32 * 1024, total - sent), window);
      if (size > 0) {
        stream.downstream.data(Program.bytes(sent, size));
        sent += size;
      }
      return size > 0;
    }
  }

  /** Until no source may send any more. */
  private void pump(List<Source> sources) {
    path.settle();
    boolean any = true;
    while (any) {
      any = false;
      for (Source source : sources) {
        any |= source.sendOnce();
      }
      path.settle();
    }
  }

  @Test
  void aStoppedReaderHoldsOneWindowAndGetsEverythingLater() {
    Program stopped = path.connected(HOST, 80);
    Program other = path.connected(HOST, 80);
    stopped.stop();
    var toStopped = new Source(stopped, 8 << 20);
    var toOther = new Source(other, 8 << 20);
    pump(List.of(toStopped, toOther));
    assertThat(other.read()).isEqualTo(8 << 20);
    assertThat(toStopped.sent).isEqualTo(WINDOW + stopped.received());
    assertThat(stopped.received()).isEqualTo(Program.BUFFER);
    assertThat(path.gauge("buffers.bytes")).isBetween(1L, (long) WINDOW + CHUNK);

    path.pass(300 * SECOND);
    assertThat(path.gauge("tcp.window-probes")).as("the window is asked for").isPositive();
    assertThat(stopped.wasReset()).isFalse();

    stopped.resume();
    pump(List.of(toStopped));
    assertThat(stopped.read()).isEqualTo(8 << 20);
    assertThat(path.gauge("buffers.bytes")).isZero();
  }

  @Test
  void aStoppedFarSideClosesTheWindowAndGetsEverythingLater() {
    Program writer = path.connected(HOST, 80);
    Program other = path.connected(HOST, 80);
    writer.far().room = 0;
    writer.send(4 << 20);
    other.send(4 << 20);
    settleWithProbes(writer, 20);
    assertThat(other.far().taken.size()).isEqualTo(4 << 20);
    assertThat(writer.far().taken.size()).isZero();
    assertThat(writer.windowLeft()).isZero();
    assertThat(writer.acknowledged()).isEqualTo(config.buffers().receive());
    assertThat(path.gauge("buffers.bytes")).isEqualTo(config.buffers().receive());
    assertThat(writer.wasReset()).isFalse();

    // A little now and then, as a slow far side does.
    for (int i = 0; i < 100; i++) {
      writer.far().room = 50_000;
      writer.far().downstream.writable();
      path.settle();
    }
    assertThat(writer.far().taken.size()).isEqualTo(4 << 20);
    assertThat(writer.far().taken.toByteArray()).isEqualTo(pattern(4 << 20));
    assertThat(path.gauge("buffers.bytes")).isZero();
  }

  private void settleWithProbes(Program writer, int probes) {
    path.settle();
    for (int i = 0; i < probes; i++) {
      long before = writer.answers();
      writer.probe();
      path.settle();
      assertThat(writer.answers()).as("a probe is answered").isGreaterThan(before);
    }
  }

  private static byte[] pattern(int length) {
    ByteBuffer bytes = Program.bytes(0, length);
    byte[] all = new byte[length];
    bytes.get(all);
    return all;
  }

  @Test
  void fiftyStoppedReadersStayBelowTheBudgetAndOthersGoOn() {
    List<Source> toStopped = new ArrayList<>();
    List<Program> stopped = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      Program program = path.connected(HOST, 80);
      program.stop();
      stopped.add(program);
      toStopped.add(new Source(program, 3 << 20));
    }
    pump(toStopped);
    assertThat(path.gauge("buffers.bytes")).isLessThanOrEqualTo(50L * (WINDOW + CHUNK));
    assertThat(path.gauge("buffers.bytes")).isLessThan(config.buffers().budget());
    Program other = path.connected(HOST, 80);
    var toOther = new Source(other, 8 << 20);
    pump(List.of(toOther));
    assertThat(other.read()).isEqualTo(8 << 20);

    stopped.forEach(Program::resume);
    pump(toStopped);
    assertThat(stopped).allSatisfy(program -> assertThat(program.read()).isEqualTo(3 << 20));
  }

  @Test
  void whenTheBudgetIsUsedUpNewDataWaitsAndAllOfItComesLater() {
    path.close();
    path = new MemoryPath(config.with(new StackConfig.Buffers(1 << 20, 3 << 20, 4 << 20)));
    List<Program> writers = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      Program writer = path.connected(HOST, 80);
      writer.far().room = 0;
      writers.add(writer);
    }
    for (Program writer : writers) {
      writer.send(1 << 20);
      path.settle();
    }
    assertThat(path.gauge("buffers.bytes")).isEqualTo(4 << 20);
    Program late = path.program(HOST, 80);
    late.connect();
    assertThat(late.dialled()).as("new connections wait too").isFalse();

    for (Program writer : writers) {
      writer.far().room = Integer.MAX_VALUE;
      writer.far().downstream.writable();
    }
    for (int i = 0; i < 50 && !writers.stream().allMatch(w -> w.acknowledged() == 1 << 20); i++) {
      path.pass(SECOND / 10);
      writers.forEach(Program::retransmit);
    }
    byte[] all = pattern(1 << 20);
    assertThat(writers)
        .allSatisfy(
            writer -> {
              assertThat(writer.wasReset()).isFalse();
              assertThat(writer.far().taken.toByteArray()).isEqualTo(all);
            });
    late.connect();
    assertThat(late.dialled()).isTrue();
  }
}
