package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.packet.Checksum;
import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Frames that are nearly right, an owner and a device that do whatever they like: nothing is
 * thrown, memory stays within its bounds, and in the end nothing is left.
 */
final class StackFuzzTest {
  private static final int FRAMES = 20_000;
  private static final int FIRST_PORT = 1000;
  private static final int PORTS = 4;
  private static final long BUDGET = 2L << 20;
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4})
  void nothingIsThrownAndNothingIsLeft(long seed) {
    new Run(seed).run();
  }

  private static final class Run implements FlowHandler, FrameSink, TcpFlow.Listener {
    private final SplittableRandom random;
    private final boolean vnet;
    private final HeaderBuilder builder;
    private final UserspaceStack stack;
    private final List<TcpFlow> flows = new ArrayList<>();
    private final List<UdpFlow> sockets = new ArrayList<>();

    /** What the stack said last to each port: where it is, and what it expects. */
    private final int[] sequences = new int[PORTS];

    private final int[] expected = new int[PORTS];
    private long now;

    Run(long seed) {
      random = new SplittableRandom(seed);
      vnet = random.nextBoolean();
      builder = new HeaderBuilder(vnet, vnet);
      stack =
          WatchedStack.of(
              StackConfig.defaults(1500, seed)
                  .with(new StackConfig.Offloads(vnet, vnet, vnet, vnet))
                  .with(new StackConfig.Buffers(128 * 1024, 128 * 1024, BUDGET)),
              this,
              this);
    }

    void run() {
      for (int i = 0; i < FRAMES; i++) {
        now += random.nextLong(random.nextInt(100) == 0 ? 5_000_000_000L : 1_000_000);
        stack.receive(frame(), now);
        if (random.nextInt(3) == 0) {
          own();
          stack.poll(now);
          assertThat(stack.nextDeadline()).isGreaterThan(now);
          assertThat(stack.counters().get("buffers.bytes"))
              .isLessThanOrEqualTo(BUDGET + BUDGET / 2);
        }
      }
      assertThat(stack.counters().get("tcp.established")).isPositive();
      assertThat(stack.counters().get("tcp.retransmits")).isPositive();
      assertThat(stack.counters().get("tcp.out-of-order")).isPositive();
      stack.close();
      assertThat(stack.counters())
          .containsEntry("buffers.bytes", 0L)
          .containsEntry("tcp.pending", 0L)
          .containsEntry("tcp.time-wait", 0L)
          .containsEntry("tcp.flows", 0L)
          .containsEntry("udp.flows", 0L);
    }

    private ByteBuffer frame() {
      boolean v6 = random.nextInt(4) == 0;
      long high = v6 ? 0xfd00L << 48 : 0;
      long from = v6 ? 1 : IpAddress.v4(0xc612_0001);
      long to = v6 ? 2 : IpAddress.v4(0x0a2b_0709);
      int length = random.nextInt(4) == 0 ? random.nextInt(3000) : random.nextInt(40);
      ByteBuffer payload = ByteBuffer.allocateDirect(length);
      int index = random.nextInt(PORTS);
      int port = FIRST_PORT + index;
      ByteBuffer head =
          switch (random.nextInt(8)) {
            case 0 -> {
              builder.ip(high, from, high, to, Wire.UDP);
              builder.udp(port, 53);
              yield builder.finishUdp(payload, NOTHING);
            }
            case 1 -> {
              builder.ip(high, from, high, to, v6 ? Wire.ICMPV6 : Wire.ICMP);
              builder.icmp(v6 ? Wire.ICMPV6_ECHO_REQUEST : Wire.ICMP_ECHO_REQUEST, 0, port);
              yield builder.finishIcmp(payload, NOTHING);
            }
            case 2 -> {
              builder.ip(high, from, high, to, random.nextBoolean() ? Wire.UDP : 44);
              builder.fragment(random.nextInt(3), 8 * random.nextInt(20), random.nextInt(3) > 0);
              payload.limit(length & ~7);
              yield builder.finish(length & ~7);
            }
            default -> {
              builder.ip(high, from, high, to, Wire.TCP);
              int flags = random.nextInt(4) == 0 ? random.nextInt(64) : usualFlags();
              int at = expected[index] + (random.nextInt(3) == 0 ? random.nextInt(5000) - 2000 : 0);
              int ack =
                  sequences[index] + (random.nextInt(3) == 0 ? random.nextInt(5000) - 2000 : 0);
              builder.tcp(port, 80, at, ack, flags, random.nextInt(3) * random.nextInt(30_000));
              if ((flags & Wire.SYN) != 0) {
                builder.maximumSegmentSize(random.nextInt(2000));
                builder.windowScale(random.nextInt(16));
              }
              yield builder.finishTcp(payload, NOTHING, vnet ? 1000 : 65_535);
            }
          };
      ByteBuffer frame = ByteBuffer.allocate(head.remaining() + payload.remaining());
      frame.put(head).put(payload).flip();
      if (random.nextInt(4) == 0) {
        spoil(frame);
      }
      return frame;
    }

    private int usualFlags() {
      return switch (random.nextInt(10)) {
        case 0 -> Wire.SYN;
        case 1 -> random.nextInt(5) == 0 ? Wire.ACK | Wire.FIN : Wire.ACK;
        case 2 -> random.nextInt(20) == 0 ? Wire.RST : Wire.ACK;
        default -> Wire.ACK;
      };
    }

    /** Changes a few bytes, often of the headers, and mostly puts the IP checksum right again. */
    private void spoil(ByteBuffer frame) {
      for (int i = random.nextInt(4); i >= 0; i--) {
        frame.put(random.nextInt(Math.min(60, frame.limit())), (byte) random.nextInt(256));
      }
      int ip = vnet ? Wire.VNET_HEADER : 0;
      int length = (frame.get(ip) & 0xf) * 4;
      if (frame.get(ip) >>> 4 == 4 && length >= 20 && ip + length <= frame.limit()) {
        frame.putShort(ip + 10, (short) 0);
        int sum = Checksum.complement(Checksum.sum(frame, ip, length));
        frame.putShort(ip + 10, (short) sum);
      }
      if (random.nextInt(4) == 0) {
        frame.limit(random.nextInt(frame.limit() + 1));
      }
    }

    /** The owner does something with one of its flows. */
    private void own() {
      if (!sockets.isEmpty()) {
        UdpFlow socket = sockets.get(random.nextInt(sockets.size()));
        if (random.nextBoolean()) {
          socket.send(ByteBuffer.allocate(random.nextInt(4000)));
        } else {
          socket.refuse(any());
        }
      }
      if (!flows.isEmpty()) {
        act(flows.get(random.nextInt(flows.size())));
      }
    }

    private Refusal any() {
      return switch (random.nextInt(4)) {
        case 0 -> Refusal.REFUSED;
        case 1 -> Refusal.HOST_UNREACHABLE;
        case 2 -> Refusal.PROHIBITED;
        default -> Refusal.SILENT;
      };
    }

    private void act(TcpFlow flow) {
      switch (random.nextInt(60)) {
        case 0 -> flow.refuse(any());
        case 1 -> flow.abort();
        case 2 -> flow.shutdownOutput();
        case 3, 4, 5, 6, 7, 8, 9 -> flow.resume();
        case 10, 11, 12, 13, 14, 15, 16 -> {
          int room = flow.writable();
          flow.write(ByteBuffer.allocate(room == 0 ? 0 : random.nextInt(room + 1)));
        }
        default -> flow.accept(this);
      }
    }

    private void maybeAct() {
      if (random.nextInt(20) == 0) {
        act(flows.getLast());
      }
    }

    @Override
    public boolean send(ByteBuffer headers, ByteBuffer payload, ByteBuffer more) {
      int ip = vnet ? Wire.VNET_HEADER : 0;
      boolean v4 = headers.get(ip) >>> 4 == 4;
      int tcp = ip + (v4 ? Wire.IPV4_HEADER : Wire.IPV6_HEADER);
      if (headers.get(v4 ? ip + 9 : ip + 6) == Wire.TCP && headers.limit() >= tcp + 20) {
        int flags = headers.get(tcp + 13);
        int index = (headers.getShort(tcp + 2) & 0xffff) - FIRST_PORT;
        if ((flags & Wire.RST) == 0 && index >= 0 && index < PORTS) {
          int bytes = payload.remaining() + more.remaining();
          int marks = (flags & (Wire.SYN | Wire.FIN)) == 0 ? 0 : 1;
          sequences[index] = headers.getInt(tcp + 4) + bytes + marks;
          expected[index] = headers.getInt(tcp + 8);
        }
      }
      return random.nextInt(50) > 0;
    }

    @Override
    public void requested(TcpFlow flow) {
      flows.add(flow);
      if (random.nextBoolean()) {
        flow.accept(this);
      }
    }

    @Override
    public void cancelled(TcpFlow flow) {
      maybeAct();
    }

    @Override
    public void datagram(UdpFlow flow, ByteBuffer payload) {
      sockets.add(flow);
    }

    @Override
    public void expired(UdpFlow flow) {
      sockets.removeIf(socket -> socket.equals(flow));
    }

    @Override
    public void echo(Echo echo, ByteBuffer payload) {
      if (random.nextBoolean()) {
        echo.reply(payload);
      } else {
        echo.unreachable(any());
      }
    }

    @Override
    public int received(ByteBuffer data) {
      maybeAct();
      return random.nextBoolean() ? data.remaining() : random.nextInt(data.remaining() + 1);
    }

    @Override
    public void receivedEnd() {
      maybeAct();
    }

    @Override
    public void acknowledged(int bytes) {
      maybeAct();
    }

    @Override
    public void aborted() {
      maybeAct();
    }

    @Override
    public void closed() {
      maybeAct();
    }
  }
}
