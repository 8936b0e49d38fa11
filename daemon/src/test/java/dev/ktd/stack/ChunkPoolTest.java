package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.stack.ChunkPool.Chunk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The pool, and that its watch for tests sees what it is there for. */
final class ChunkPoolTest {
  private static final int BUDGET = 1 << 20;

  private final ChunkPool pool = new WatchedChunkPool(BUDGET);

  private static Chunk some(@Nullable Chunk chunk) {
    if (chunk == null) {
      throw new AssertionError("the pool is empty");
    }
    return chunk;
  }

  @Test
  void theBudgetBoundsWhatIsTakenAndHalfOfItMoreWhatWasPromised() {
    List<Chunk> all = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      all.add(some(pool.take()));
    }
    assertThat(pool.take()).isNull();
    assertThat(pool.available()).isZero();
    for (int i = 0; i < 8; i++) {
      all.add(some(pool.takePromised()));
    }
    assertThat(pool.takePromised()).isNull();
    assertThat(pool.bytesInUse()).isEqualTo(BUDGET + BUDGET / 2);
    all.forEach(pool::giveBack);
    assertThat(pool.bytesInUse()).isZero();
    pool.clear();
  }

  @Test
  void whatWasPromisedLeavesAQuarterToWhatProgramsSend() {
    List<Chunk> all = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      all.add(some(pool.takePromised()));
    }
    assertThat(pool.takePromised()).isNull();
    for (int i = 0; i < 4; i++) {
      assertThat(pool.available()).isEqualTo((4L - i) << ChunkPool.CHUNK_SHIFT);
      all.add(some(pool.take()));
    }
    assertThat(pool.take()).isNull();
    all.forEach(pool::giveBack);
    assertThat(pool.available()).isEqualTo(BUDGET);
    pool.clear();
  }

  @Test
  void whatWasTakenOnceIsKeptSoThatNoMemoryBecomesGarbage() {
    List<Chunk> all = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      all.add(some(pool.takePromised()));
    }
    all.forEach(pool::giveBack);
    for (int i = 0; i < 20; i++) {
      assertThat(all).contains(some(pool.takePromised()));
    }
  }

  @Test
  void aChunkGivenBackTwiceIsSeen() {
    Chunk chunk = some(pool.take());
    pool.giveBack(chunk);
    assertThatThrownBy(() -> pool.giveBack(chunk)).hasMessageContaining("not taken");
  }

  @Test
  void aChunkUsedAfterItWasGivenBackIsSeen() {
    Chunk chunk = some(pool.take());
    pool.giveBack(chunk);
    assertThatThrownBy(chunk::bytes).hasMessageContaining("was given back");
    assertThatThrownBy(() -> chunk.view(0, 1)).hasMessageContaining("was given back");
  }

  @Test
  void aStaleViewShowsPoisonAndWritingThroughItIsSeen() {
    Chunk chunk = some(pool.take());
    var stale = chunk.view(0, 10);
    pool.giveBack(chunk);
    assertThat(stale.get(0)).isEqualTo((byte) 0xDD);
    stale.put(3, (byte) 1);
    assertThatThrownBy(pool::take).hasMessageContaining("written to");
  }

  @Test
  void aChunkThatIsMissingAtTheEndIsSeen() {
    pool.take();
    assertThatThrownBy(pool::clear).hasMessageContaining("1 chunks are missing");
  }

  /** Netty's buffers come out of the same limit: carriers, DNS, the control socket. */
  @Test
  void theLaunchersLimitOfDirectMemoryFitsTheBudgetAndNettys() throws IOException {
    String launcher = Files.readString(Path.of("../packaging/jvm/daemon.options"));
    List<Integer> megabytes =
        Pattern.compile("-XX:MaxDirectMemorySize=(\\d+)m")
            .matcher(launcher)
            .results()
            .map(MatchResult::group)
            .map(flag -> Integer.valueOf(flag.replaceAll("\\D", "")))
            .toList();
    long budget = StackConfig.defaults(1500, 1).buffers().budget();
    assertThat(megabytes)
        .isNotEmpty()
        .allSatisfy(
            limit ->
                assertThat((long) limit << 20)
                    .isGreaterThanOrEqualTo(budget + budget / 2 + (64 << 20)));
  }
}
