package dev.ktd.bench;

import static dev.ktd.packet.Wire.ACK;
import static dev.ktd.packet.Wire.SYN;
import static dev.ktd.packet.Wire.TCP;
import static dev.ktd.packet.Wire.UDP;

import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Packet;
import dev.ktd.packet.ParseResult;
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

/** Finding the headers of a frame, which every frame needs. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class PacketParseBenchmark {
  /** What the frame is. */
  @Param({"ACK4", "SYN4", "SUPER4", "ACK6", "UDP4"})
  public String kind = "ACK4";

  private final Packet packet = new Packet();
  private ByteBuffer frame = ByteBuffer.allocateDirect(0);

  @Setup
  public void make() {
    var builder = new HeaderBuilder(true, true);
    boolean v6 = kind.endsWith("6");
    if (v6) {
      builder.ip(0xfd6b_7464_0000_0000L, 1, 0xfd00_0043_0000_0000L, 9, TCP);
    } else {
      builder.ip(
          0,
          IpAddress.v4(0xc6120001),
          0,
          IpAddress.v4(0x0a2b0709),
          kind.startsWith("UDP") ? UDP : TCP);
    }
    ByteBuffer payload = ByteBuffer.allocate(kind.startsWith("SUPER") ? MemoryPeer.PAYLOAD : 0);
    ByteBuffer nothing = ByteBuffer.allocate(0);
    ByteBuffer headers;
    if (kind.startsWith("UDP")) {
      builder.udp(5353, 53);
      headers = builder.finishUdp(payload, nothing);
    } else {
      builder.tcp(40_000, 80, 1, 2, kind.startsWith("SYN") ? SYN : ACK, 500);
      if (kind.startsWith("SYN")) {
        builder.maximumSegmentSize(1460);
        builder.windowScale(8);
      }
      headers = builder.finishTcp(payload, nothing, 1460);
    }
    frame = ByteBuffer.allocateDirect(headers.remaining() + payload.remaining());
    frame.put(headers).put(payload).flip();
    if (packet.parse(frame, true) != ParseResult.OK) {
      throw new IllegalStateException("the frame does not parse");
    }
  }

  @Benchmark
  public ParseResult parse() {
    return packet.parse(frame, true);
  }
}
