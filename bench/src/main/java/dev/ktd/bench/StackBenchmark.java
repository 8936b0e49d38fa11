package dev.ktd.bench;

import dev.ktd.stack.FlowHandler;
import dev.ktd.stack.StackConfig;
import dev.ktd.stack.TcpFlow;
import dev.ktd.stack.UdpFlow;
import dev.ktd.stack.UserspaceStack;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The stack alone, memory to memory: an operation is one super-segment of {@link
 * MemoryPeer#PAYLOAD} bytes and the ACK that it causes. Nothing may be allocated for it.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
public class StackBenchmark {
  /** Nanoseconds of the stack's clock for one operation. */
  private static final long STEP = 5_000;

  private final MemoryPeer peer = new MemoryPeer();
  private final Far far = new Far();
  private @Nullable UserspaceStack stack;
  private long now = 1;

  @Setup
  public void open() {
    StackConfig config = StackConfig.defaults(1500, 42).with(StackConfig.Offloads.ALL);
    stack = new UserspaceStack(config, far, peer);
    peer.attach(stack);
    peer.open(now);
  }

  @TearDown
  public void close() {
    if (stack != null) {
      stack.close();
    }
  }

  /** The program sends, the far side takes. */
  @Benchmark
  public int up() {
    now += STEP;
    peer.superSegment(now);
    peer.poll(now);
    if (peer.unacknowledged() != 0) {
      throw new IllegalStateException("not all was acknowledged");
    }
    return peer.unacknowledged();
  }

  /** The far side sends, the program acknowledges each super-segment. */
  @Benchmark
  public long down() {
    now += STEP;
    if (!far.sends) {
      far.sends = true;
      far.refill();
      peer.poll(now);
    }
    long before = peer.frames();
    peer.acknowledgeOne(now);
    peer.poll(now);
    if (peer.frames() != before + 1) {
      throw new IllegalStateException("%d frames".formatted(peer.frames() - before));
    }
    return before;
  }

  /** Takes all, and sends whenever there is room. */
  private static final class Far implements FlowHandler, TcpFlow.Listener {
    /** As much as an SSH packet carries. */
    private final ByteBuffer piece = ByteBuffer.allocateDirect(32 * 1024);

    private @Nullable TcpFlow flow;
    boolean sends;

    void refill() {
      while (flow != null && flow.writable() >= piece.capacity()) {
        flow.write(piece.clear());
      }
    }

    @Override
    public void requested(TcpFlow wanted) {
      flow = wanted;
      wanted.accept(this);
    }

    @Override
    public int received(ByteBuffer data) {
      return data.remaining();
    }

    @Override
    public void acknowledged(int bytes) {
      if (sends) {
        refill();
      }
    }

    @Override
    public void cancelled(TcpFlow gone) {}

    @Override
    public void datagram(UdpFlow from, ByteBuffer payload) {}

    @Override
    public void expired(UdpFlow gone) {}

    @Override
    public void echo(Echo echo, ByteBuffer payload) {}

    @Override
    public void receivedEnd() {}

    @Override
    public void aborted() {
      throw new IllegalStateException("the connection was lost");
    }

    @Override
    public void closed() {}
  }
}
