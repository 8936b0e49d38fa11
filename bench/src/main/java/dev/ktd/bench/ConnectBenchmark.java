package dev.ktd.bench;

import dev.ktd.os.Cidr;
import dev.ktd.relay.Destinations;
import dev.ktd.relay.Relay;
import dev.ktd.stack.StackConfig;
import dev.ktd.stack.UserspaceStack;
import java.util.List;
import java.util.Map;
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

/** A connection through stack and relay to a far side that answers at once, opened and ended. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ConnectBenchmark {
  /** Nanoseconds of the stack's clock for one operation. */
  private static final long STEP = TimeUnit.MICROSECONDS.toNanos(500);

  private final MemoryPeer peer = new MemoryPeer();
  private @Nullable UserspaceStack stack;
  private @Nullable Relay relay;
  private long now = 1;

  @Setup
  public void open() {
    var via = new Destinations.Via(new SinkDialer(), new NoDatagrams());
    var destinations = new Destinations(Map.of(), List.of(Cidr.parse("10.43.0.0/16")), via);
    Relay made = new Relay(destinations, () -> now, () -> {});
    StackConfig config = StackConfig.defaults(1500, 42).with(StackConfig.Offloads.ALL);
    relay = made;
    stack = new UserspaceStack(config, made, peer);
    peer.attach(stack);
  }

  @TearDown
  public void close() {
    if (stack != null && relay != null) {
      relay.close();
      stack.close();
    }
  }

  /** The program resets it: three frames in, one out. */
  @Benchmark
  public long openAndReset() {
    now += STEP;
    peer.open(now);
    peer.reset(now);
    peer.poll(now);
    return peer.frames();
  }

  /** The program ends it, then the far side: four frames in, three out, and a second's wait. */
  @Benchmark
  public long openAndFinish() {
    now += STEP;
    peer.open(now);
    peer.finish(now);
    peer.poll(now);
    peer.acknowledgeAll(now);
    peer.poll(now);
    return peer.frames();
  }
}
