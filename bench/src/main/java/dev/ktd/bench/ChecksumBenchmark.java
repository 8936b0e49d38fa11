package dev.ktd.bench;

import dev.ktd.packet.Checksum;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The Internet checksum, which devices without offload need for each byte. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ChecksumBenchmark {
  /** An IPv4 header, a full segment, a super-segment; in bytes. */
  @Param({"20", "1480", "65515"})
  public int length;

  private ByteBuffer buffer = ByteBuffer.allocateDirect(0);

  @Setup
  public void fill() {
    buffer = ByteBuffer.allocateDirect(1 << 16);
    for (int i = 0; i < length; i++) {
      buffer.put(i, (byte) (i * 31));
    }
  }

  @Benchmark
  public int sum() {
    return Checksum.fold(Checksum.sum(buffer, 0, length));
  }
}
