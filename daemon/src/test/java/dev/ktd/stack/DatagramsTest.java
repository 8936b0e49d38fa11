package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.packet.HeaderBuilder;
import dev.ktd.packet.IpAddress;
import dev.ktd.packet.Wire;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** UDP, ICMP and fragments. */
final class DatagramsTest implements FlowHandler {
  private static final long V4_A = IpAddress.v4(0xc612_0001);
  private static final long V4_B = IpAddress.v4(0x0a2b_0709);
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  private final List<UdpFlow> flows = new ArrayList<>();
  private final List<byte[]> payloads = new ArrayList<>();
  private final List<UdpFlow> expired = new ArrayList<>();
  private final RecordedFrames frames = new RecordedFrames(false, () -> 0);
  private final HeaderBuilder builder = new HeaderBuilder(false, false);
  private final UserspaceStack stack =
      WatchedStack.of(
          StackConfig.defaults(1500, 3)
              .with(new StackConfig.Limits(4, 4, 4, 2, Duration.ofSeconds(60))),
          this,
          frames);

  @Override
  public void requested(TcpFlow flow) {}

  @Override
  public void cancelled(TcpFlow flow) {}

  @Override
  public void datagram(UdpFlow flow, ByteBuffer payload) {
    flows.add(flow);
    payloads.add(bytes(payload));
  }

  @Override
  public void expired(UdpFlow flow) {
    expired.add(flow);
  }

  @Override
  public void echo(Echo echo, ByteBuffer payload) {
    payloads.add(bytes(payload));
    echo.reply(payload);
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(buffer.position(), bytes);
    return bytes;
  }

  private static ByteBuffer pattern(int length) {
    ByteBuffer data = ByteBuffer.allocateDirect(length);
    for (int i = 0; i < length; i++) {
      data.put((byte) (i * 7 + (i >> 8)));
    }
    return data.flip();
  }

  private static ByteBuffer frame(ByteBuffer head, ByteBuffer payload) {
    return ByteBuffer.allocate(head.remaining() + payload.remaining())
        .put(head)
        .put(payload.duplicate())
        .flip();
  }

  private ByteBuffer datagram(int port, ByteBuffer payload) {
    builder.ip(0, V4_A, 0, V4_B, Wire.UDP);
    builder.udp(port, 53);
    return frame(builder.finishUdp(payload, NOTHING), payload);
  }

  @AfterEach
  void everythingIsGivenBack() {
    stack.close();
  }

  @Test
  void datagramsOfTheSameEndsAreOneFlow() {
    stack.receive(datagram(5000, pattern(10)), 0);
    stack.receive(datagram(5000, pattern(0)), 1);

    assertThat(flows.get(0)).isSameAs(flows.get(1));
    assertThat(flows.get(0).key().destination()).isEqualTo(new InetSocketAddress("10.43.7.9", 53));
    assertThat(payloads.get(0)).isEqualTo(bytes(pattern(10)));
    assertThat(payloads.get(1)).isEmpty();
    assertThat(stack.udpFlows()).isEqualTo(1);
  }

  @Test
  void aPayloadMayBeLongerThanTheOneThatWasCutIntoFragmentsBefore() {
    stack.receive(datagram(5000, pattern(10)), 0);
    builder.ip(0xfd00L << 48, 1, 0xfd00L << 48, 2, Wire.UDP);
    builder.udp(5000, 53);
    stack.receive(frame(builder.finishUdp(pattern(10), NOTHING), pattern(10)), 0);

    // The headers of IPv6 leave room for 1452 bytes, those of IPv4 for 1472.
    flows.get(1).send(ByteBuffer.allocate(1453));
    flows.get(0).send(ByteBuffer.allocate(1472));

    frames.next();
    frames.next();
    assertThat(frames.next().payload()).hasSize(1472);
  }

  @Test
  void anIdleFlowIsForgottenAfterItsTime() {
    stack.receive(datagram(5000, pattern(10)), 0);
    long minute = Duration.ofMinutes(1).toNanos();
    assertThat(stack.nextDeadline()).isEqualTo(minute);

    stack.poll(minute - 1);
    assertThat(expired).isEmpty();
    stack.poll(minute);
    assertThat(expired).isEqualTo(flows);
    assertThat(stack.udpFlows()).isZero();
    flows.get(0).send(pattern(3));
    assertThat(frames.isEmpty()).isTrue();
  }

  @Test
  void theFlowIdleForLongestMakesRoomForANewOne() {
    stack.receive(datagram(5000, pattern(1)), 0);
    stack.receive(datagram(5001, pattern(1)), 1);
    stack.receive(datagram(5000, pattern(1)), 2);
    stack.receive(datagram(5002, pattern(1)), 3);

    assertThat(expired).containsExactly(flows.get(1));
    assertThat(stack.udpFlows()).isEqualTo(2);
  }

  @Test
  void aReplyGoesBackWithTheEndsSwapped() {
    stack.receive(datagram(5000, pattern(1)), 0);
    ByteBuffer reply = pattern(21);
    flows.get(0).send(reply);

    assertThat(reply.remaining()).isEqualTo(21);
    assertThat(frames.next()).hasToString("IP 10.43.7.9.53 > 198.18.0.1.5000: UDP, length 21");
  }

  @Test
  void aReplyBeyondTheMtuIsFragmentedAndPutTogetherAgain() {
    stack.receive(datagram(5000, pattern(1)), 0);
    flows.get(0).send(pattern(5000));
    List<RecordedFrames.Frame> pieces = new ArrayList<>();
    while (!frames.isEmpty()) {
      pieces.add(frames.next());
    }
    assertThat(pieces).hasSize(4);
    assertThat(pieces.get(3))
        .hasToString("IP 10.43.7.9 > 198.18.0.1: frag (proto 17, id 1, offset 4440, length 568)");

    // Our own fragments, backwards and one of them twice, are a good test for reassembly.
    stack.receive(pieces.get(2).bytes(), 0);
    for (int i = 3; i >= 0; i--) {
      stack.receive(pieces.get(i).bytes(), 0);
    }
    assertThat(payloads.getLast()).isEqualTo(bytes(pattern(5000)));
    assertThat(flows.getLast().key().source()).isEqualTo(new InetSocketAddress("10.43.7.9", 53));
    assertThat(stack.counters()).containsEntry("buffers.bytes", 0L);
  }

  @Test
  void anIncompletePacketIsGivenUpAfterThirtySeconds() {
    stack.receive(datagram(5000, pattern(1)), 0);
    flows.get(0).send(pattern(3000));
    stack.receive(frames.next().bytes(), 0);
    assertThat(stack.counters()).containsEntry("buffers.bytes", 65_536L);

    stack.poll(Duration.ofSeconds(30).toNanos());
    assertThat(stack.counters())
        .containsEntry("buffers.bytes", 0L)
        .containsEntry("drops.fragment-timeout", 1L);
  }

  @Test
  void aRefusedDatagramIsPortUnreachableAndQuotesThePorts() {
    stack.receive(datagram(5000, pattern(1)), 0);
    flows.get(0).refuse(Refusal.REFUSED);

    RecordedFrames.Frame frame = frames.next();
    assertThat(frame)
        .hasToString(
            "IP 10.43.7.9 > 198.18.0.1: ICMP unreachable, code 3, length 36 "
                + "quoting {198.18.0.1.5000 > 10.43.7.9.53: UDP, ip length 28}");
    ByteBuffer quote = ByteBuffer.wrap(frame.payload());
    assertThat(quote.getInt(12)).isEqualTo(0xc612_0001);
    assertThat(quote.getShort(20)).isEqualTo((short) 5000);
    assertThat(quote.getShort(22)).isEqualTo((short) 53);
  }

  @Test
  void aSuperDatagramIsSplit() {
    RecordedFrames ignored = new RecordedFrames(true, () -> 0);
    UserspaceStack offloading =
        WatchedStack.of(
            StackConfig.defaults(1500, 3).with(StackConfig.Offloads.ALL), this, ignored);
    HeaderBuilder withVnet = new HeaderBuilder(true, true);
    withVnet.ip(0, V4_A, 0, V4_B, Wire.UDP);
    withVnet.udp(5000, 53);
    ByteBuffer payload = pattern(2500);
    ByteBuffer frame = frame(withVnet.finishUdp(payload, NOTHING), payload);
    frame.put(1, (byte) Wire.VNET_GSO_UDP_L4).putShort(4, Short.reverseBytes((short) 1000));

    offloading.receive(frame, 0);
    assertThat(payloads).extracting(data -> data.length).containsExactly(1000, 1000, 500);
    assertThat(payloads.get(2)[0]).isEqualTo(pattern(2500).get(2000));
    offloading.close();
  }

  @Test
  void pingsAreAnsweredByTheHandler() {
    builder.ip(0, V4_A, 0, V4_B, Wire.ICMP);
    builder.icmp(Wire.ICMP_ECHO_REQUEST, 0, 0x0007_0002);
    ByteBuffer payload = pattern(56);
    stack.receive(frame(builder.finishIcmp(payload, NOTHING), payload), 0);

    assertThat(frames.next())
        .hasToString("IP 10.43.7.9 > 198.18.0.1: ICMP echo reply, id 7, seq 2, length 64");
  }

  @Test
  void pingsOverIpv6AreAnsweredAlsoWhenTheyAreLargerThanTheMtu() {
    long net = 0xfd00L << 48;
    builder.ip(net, 1, net, 2, Wire.ICMPV6);
    builder.icmp(Wire.ICMPV6_ECHO_REQUEST, 0, 0x0007_0002);
    ByteBuffer payload = pattern(2000);
    stack.receive(frame(builder.finishIcmp(payload, NOTHING), payload), 0);

    assertThat(frames.next())
        .hasToString(
            "IP6 [fd00:0:0:0:0:0:0:2] > [fd00:0:0:0:0:0:0:1]: "
                + "frag (proto 58, id 1, offset 0, length 1448+)");
    assertThat(frames.next().packet().transportLength()).isEqualTo(560);
  }

  @Test
  void anEmptyDatagramIsADatagram() {
    stack.receive(datagram(5000, pattern(0)), 0);
    flows.get(0).send(pattern(0));

    assertThat(payloads).hasSize(1);
    assertThat(payloads.get(0)).isEmpty();
    assertThat(frames.next()).hasToString("IP 10.43.7.9.53 > 198.18.0.1.5000: UDP, length 0");
  }

  @Test
  void withoutAChecksumIsTakenInIpv4Only() {
    ByteBuffer four = datagram(5000, pattern(9));
    stack.receive(four.putShort(26, (short) 0), 0);
    long net = 0xfd00L << 48;
    builder.ip(net, 1, net, 2, Wire.UDP);
    builder.udp(5000, 53);
    ByteBuffer six = frame(builder.finishUdp(pattern(9), NOTHING), pattern(9));
    stack.receive(six.putShort(46, (short) 0), 0);

    assertThat(payloads).hasSize(1);
    assertThat(stack.counters()).containsEntry("drops.checksum", 1L);
  }

  @ParameterizedTest
  @CsvSource({
    "18, 10, ''", // As it is.
    "8, 0, ''",
    "12, 4, ''", // RFC 768: the length counts, what is behind it is padding.
    "19, -1, drops.truncated",
    "65535, -1, drops.truncated",
    "7, -1, drops.malformed",
    "0, -1, drops.malformed"
  })
  void theLengthFieldRulesWithinThePacket(int length, int taken, String drop) {
    ByteBuffer frame = datagram(5000, pattern(10));
    frame.putShort(24, (short) length).putShort(26, (short) 0);
    stack.receive(frame, 0);

    if (taken >= 0) {
      assertThat(payloads.getFirst()).isEqualTo(bytes(pattern(taken)));
    } else {
      assertThat(payloads).isEmpty();
      assertThat(stack.counters()).containsEntry(drop, 1L);
    }
  }

  @Test
  void whatFitsIntoNoPacketIsNotSent() {
    stack.receive(datagram(5000, pattern(1)), 0);
    flows.get(0).send(pattern(65_507));
    assertThat(frames.isEmpty()).isFalse();
    while (!frames.isEmpty()) {
      frames.next();
    }
    flows.get(0).send(pattern(65_508));
    assertThat(frames.isEmpty()).isTrue();
    assertThat(stack.counters()).containsEntry("drops.too-long", 1L);
  }

  @Test
  void theLastOfASuperDatagramMayBeShorterAndAnEmptySizeIsNone() {
    HeaderBuilder withVnet = new HeaderBuilder(true, true);
    withVnet.ip(0, V4_A, 0, V4_B, Wire.UDP);
    withVnet.udp(5000, 53);
    ByteBuffer frame = frame(withVnet.finishUdp(pattern(100), NOTHING), pattern(100));
    frame.put(1, (byte) Wire.VNET_GSO_UDP_L4);
    UserspaceStack offloading =
        new UserspaceStack(
            StackConfig.defaults(1500, 3).with(StackConfig.Offloads.ALL), this, frames);
    offloading.receive(frame, 0);
    assertThat(payloads).extracting(data -> data.length).containsExactly(100);
    offloading.receive(frame.putShort(4, Short.reverseBytes((short) 100)), 0);
    assertThat(payloads).extracting(data -> data.length).containsExactly(100, 100);
    offloading.close();
  }
}
