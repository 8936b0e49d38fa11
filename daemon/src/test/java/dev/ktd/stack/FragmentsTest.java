package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reassembly: RFC 791, 815, 1858, 5722, 6946, 7112, 8200. */
final class FragmentsTest {
  private static final int PAYLOAD = 100;

  private final RawStack raw = new RawStack();

  @AfterEach
  void allMemoryIsGivenBack() {
    raw.stack.close();
    assertThat(raw.counter("buffers.bytes")).isZero();
  }

  private enum Family {
    V4,
    V6;

    private boolean isV6() {
      return this == V6;
    }
  }

  /** A UDP header and 100 bytes, as they stand behind the IP header. */
  private ByteBuffer transport(Family family) {
    ByteBuffer frame =
        family.isV6()
            ? raw.datagram(RawStack.PROGRAM_6, 5000, RawStack.POD_6, 53, RawStack.pattern(PAYLOAD))
            : raw.datagram(RawStack.pattern(PAYLOAD));
    return frame.position(family.isV6() ? Wire.IPV6_HEADER : Wire.IPV4_HEADER).slice();
  }

  private ByteBuffer piece(Family family, int id, int from, int to) {
    ByteBuffer all = transport(family);
    boolean more = to < all.remaining();
    return raw.fragment(family.isV6(), Wire.UDP, id, from, more, all.slice(from, to - from));
  }

  private void assertWhole() {
    assertThat(raw.events.events()).containsExactly("datagram " + PAYLOAD);
    assertThat(raw.counter("buffers.bytes")).isZero();
  }

  private void assertDiscarded(String why) {
    assertThat(raw.events.events()).isEmpty();
    assertThat(raw.counter("buffers.bytes")).isZero();
    assertThat(raw.counter("drops.fragment-" + why)).isEqualTo(1);
  }

  private static Stream<List<Integer>> orders() {
    return Stream.of(
        List.of(0, 1, 2),
        List.of(0, 2, 1),
        List.of(1, 0, 2),
        List.of(1, 2, 0),
        List.of(2, 0, 1),
        List.of(2, 1, 0));
  }

  @ParameterizedTest
  @MethodSource("orders")
  void threePiecesInAnyOrderAreOneDatagram(List<Integer> order) {
    int[] bounds = {0, 32, 64, 108};
    for (Family family : Family.values()) {
      for (int i : order) {
        raw.receive(piece(family, 7, bounds[i], bounds[i + 1]));
      }
      assertWhole();
      raw.events.events().clear();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aRepeatedPieceIsIgnored(Family family) {
    raw.receive(piece(family, 7, 64, 108));
    raw.receive(piece(family, 7, 64, 108));
    raw.receive(piece(family, 7, 0, 64));
    assertWhole();
  }

  @ParameterizedTest
  @EnumSource
  void overlapDiscardsThePacketAndWhatComesLater(Family family) {
    raw.receive(piece(family, 7, 0, 64));
    raw.receive(piece(family, 7, 56, 108));
    assertDiscarded("overlap");
    raw.receive(piece(family, 7, 0, 64));
    raw.receive(piece(family, 7, 64, 108));
    assertThat(raw.events.events()).isEmpty();
    assertThat(raw.counter("drops.fragment-rest")).isEqualTo(2);
    raw.receive(piece(family, 8, 0, 64));
    raw.receive(piece(family, 8, 64, 108));
    assertWhole();
  }

  @Test
  void aPieceInsideAnotherIsAnOverlap() {
    raw.receive(piece(Family.V6, 7, 0, 64));
    raw.receive(piece(Family.V6, 7, 8, 32));
    assertDiscarded("overlap");
  }

  @Test
  void twoDifferentEndsAreAnOverlap() {
    ByteBuffer all = transport(Family.V4);
    raw.receive(raw.fragment(false, Wire.UDP, 7, 64, false, all.slice(64, 44)));
    raw.receive(raw.fragment(false, Wire.UDP, 7, 112, false, all.slice(0, 8)));
    assertDiscarded("overlap");
  }

  @Test
  void aPieceBehindTheEndIsAnOverlap() {
    ByteBuffer all = transport(Family.V4);
    raw.receive(raw.fragment(false, Wire.UDP, 7, 112, true, all.slice(0, 8)));
    raw.receive(raw.fragment(false, Wire.UDP, 7, 64, false, all.slice(64, 44)));
    assertDiscarded("overlap");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 12})
  void aPieceThatIsNoMultipleOfEightButNotTheLastIsRefused(int length) {
    ByteBuffer bytes = transport(Family.V4).slice(0, length);
    raw.receive(raw.fragment(false, Wire.UDP, 7, 8, true, bytes));
    assertDiscarded("shape");
  }

  /** RFC 1858: ports in the first fragment, flags in the second, to pass a packet filter. */
  @Test
  void aFirstFragmentTooSmallForTheTcpHeaderIsRefused() {
    raw.receive(raw.fragment(false, Wire.TCP, 7, 0, true, RawStack.pattern(16)));
    assertDiscarded("shape");
  }

  @Test
  void thePingOfDeathIsTooLong() {
    raw.receive(raw.fragment(false, Wire.ICMP, 7, 65_528, false, RawStack.pattern(100)));
    assertDiscarded("too-long");
  }

  @Test
  void thousandsOfTinyPiecesAreTooMany() {
    for (int i = 0; i <= 128; i++) {
      raw.receive(raw.fragment(false, Wire.UDP, 7, 8 + 16 * i, true, RawStack.pattern(8)));
    }
    assertDiscarded("pieces");
  }

  @Test
  void aHoleIsWaitedForThirtySeconds() {
    raw.receive(piece(Family.V4, 7, 0, 32));
    raw.receive(piece(Family.V4, 7, 64, 108));
    assertThat(raw.stack.nextDeadline()).isEqualTo(Duration.ofSeconds(30).toNanos());
    raw.now = Duration.ofSeconds(30).toNanos() - 1;
    raw.poll();
    assertThat(raw.counter("buffers.bytes")).isEqualTo(65_536);
    raw.now++;
    raw.poll();
    assertDiscarded("timeout");
  }

  @Test
  void moreThanSixtyFourPacketsPushTheOldestOut() {
    IntStream.range(0, 65).forEach(id -> raw.receive(piece(Family.V4, id, 0, 64)));
    assertThat(raw.counter("buffers.bytes")).isEqualTo(64 * 65_536);
    assertThat(raw.counter("drops.fragment-evicted")).isEqualTo(1);
    raw.receive(piece(Family.V4, 1, 64, 108));
    assertThat(raw.events.events()).containsExactly("datagram 100");
    raw.receive(piece(Family.V4, 0, 64, 108));
    assertThat(raw.events.events()).hasSize(1);
  }

  @Test
  void whereMemoryIsShortTheOldestGoes() {
    RawStack small =
        new RawStack(
            StackConfig.defaults(1500, 3).with(new StackConfig.Buffers(2048, 2048, 1 << 20)));
    IntStream.range(0, 40).forEach(id -> small.receive(piece(Family.V4, id, 0, 64)));
    assertThat(small.counter("buffers.bytes")).isLessThanOrEqualTo(1 << 20);
    assertThat(small.counter("drops.fragment-evicted")).isEqualTo(24);
    small.receive(piece(Family.V4, 39, 64, 108));
    assertThat(small.events.events()).containsExactly("datagram 100");
    small.stack.close();
  }

  /** RFC 6946: a fragment header in a packet that is whole; never mixed with others. */
  @Test
  void anAtomicFragmentIsAPacketOfItsOwn() {
    raw.receive(piece(Family.V6, 7, 0, 64));
    raw.receive(raw.fragment(true, Wire.UDP, 7, 0, false, transport(Family.V6)));
    assertThat(raw.events.events()).containsExactly("datagram 100");
    raw.receive(piece(Family.V6, 7, 64, 108));
    assertThat(raw.events.events()).hasSize(2);
  }

  /** Hop-by-hop options stand before the fragment header, destination options behind it. */
  @Test
  void extensionHeadersBeforeAndBehindTheFragmentHeaderAreSkipped() {
    byte[] options = {Wire.UDP, 0, 1, 4, 0, 0, 0, 0};
    ByteBuffer transport = transport(Family.V6);
    ByteBuffer chain =
        ByteBuffer.allocateDirect(8 + transport.remaining()).put(options).put(transport).flip();
    raw.receive(withHopByHop(raw.fragment(true, 60, 7, 0, true, chain.slice(0, 64))));
    raw.receive(withHopByHop(raw.fragment(true, 60, 7, 64, false, chain.slice(64, 52))));
    assertWhole();
  }

  private static ByteBuffer withHopByHop(ByteBuffer frame) {
    ByteBuffer longer = ByteBuffer.allocate(frame.remaining() + 8);
    longer.put(frame.slice(0, 40)).put(new byte[] {44, 0, 1, 4, 0, 0, 0, 0});
    longer.put(frame.slice(40, frame.remaining() - 40)).flip();
    return longer.put(6, (byte) 0).putShort(4, (short) (longer.remaining() - 40));
  }

  @Test
  void inIpv6TheFirstFragmentSaysTheProtocol() {
    ByteBuffer all = transport(Family.V6);
    raw.receive(raw.fragment(true, Wire.TCP, 7, 64, false, all.slice(64, 44)));
    raw.receive(raw.fragment(true, Wire.UDP, 7, 0, true, all.slice(0, 64)));
    assertWhole();
  }

  @Test
  void fragmentsOfFragmentsAreRefused() {
    byte[] inner = new byte[24];
    inner[0] = Wire.UDP;
    inner[3] = 1; // More fragments, offset 0.
    ByteBuffer bytes = ByteBuffer.allocateDirect(24).put(inner).flip();
    raw.receive(raw.fragment(true, 44, 7, 0, true, bytes.slice(0, 8)));
    raw.receive(raw.fragment(true, 44, 7, 8, false, bytes.slice(8, 16)));
    assertDiscarded("shape");
  }

  @Test
  void aDamagedByteInAPieceFailsTheChecksum() {
    ByteBuffer second = piece(Family.V4, 7, 64, 108);
    raw.receive(piece(Family.V4, 7, 0, 64));
    raw.receive(second.put(second.limit() - 1, (byte) ~second.get(second.limit() - 1)));
    assertThat(raw.counter("drops.checksum")).isEqualTo(1);
    assertThat(raw.counter("buffers.bytes")).isZero();
  }

  @Test
  void aSynInFragmentsIsASyn() {
    ByteBuffer syn = RawStack.whole(tcp(), RawStack.NOTHING);
    ByteBuffer transport = syn.position(Wire.IPV4_HEADER).slice();
    raw.receive(raw.fragment(false, Wire.TCP, 9, 24, false, transport.slice(24, 4)));
    raw.receive(raw.fragment(false, Wire.TCP, 9, 0, true, transport.slice(0, 24)));
    assertThat(raw.events.events()).containsExactly("requested");
  }

  private ByteBuffer tcp() {
    var builder = raw.ip(RawStack.PROGRAM, RawStack.POD, Wire.TCP);
    builder.tcp(40_000, 80, 1, 0, Wire.SYN, 64_000);
    builder.maximumSegmentSize(1460);
    builder.windowScale(7);
    return builder.finishTcp(RawStack.NOTHING, RawStack.NOTHING, 0xffff);
  }
}
