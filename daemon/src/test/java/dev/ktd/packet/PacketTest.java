package dev.ktd.packet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class PacketTest {
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);
  private static final long V4_A = IpAddress.v4(0xc612_0001);
  private static final long V4_B = IpAddress.v4(0x0a2b_0709);

  private final Packet packet = new Packet();

  private static ByteBuffer segment(HeaderBuilder builder, long high, int payload) {
    if (high == 0) {
      builder.ip(0, V4_A, 0, V4_B, Wire.TCP);
    } else {
      builder.ip(high, 1, high, 2, Wire.TCP);
    }
    builder.tcp(4000, 80, 7, 9, Wire.ACK | Wire.PSH, 500);
    ByteBuffer data = ByteBuffer.allocateDirect(payload);
    ByteBuffer head = builder.finishTcp(data, NOTHING, 65_535);
    return ByteBuffer.allocate(head.remaining() + payload).put(head).put(data).flip();
  }

  @Test
  void whatWasBuiltIsParsed() {
    ByteBuffer frame = segment(new HeaderBuilder(false, false), 0, 33);

    assertThat(packet.parse(frame, false)).isEqualTo(ParseResult.OK);
    assertThat(packet.checksumHolds()).isTrue();
    assertThat(packet.sourcePort()).isEqualTo(4000);
    assertThat(packet.destinationLow()).isEqualTo(V4_B);
    assertThat(packet.sequence()).isEqualTo(7);
    assertThat(packet.payloadLength()).isEqualTo(33);
    assertThat(packet.flags()).isEqualTo(Wire.ACK | Wire.PSH);
  }

  @Test
  void ipv6WithAFullChecksumIsParsed() {
    ByteBuffer frame = segment(new HeaderBuilder(false, false), 0xfd00L << 48, 5);

    assertThat(packet.parse(frame, false)).isEqualTo(ParseResult.OK);
    assertThat(packet.v6()).isTrue();
    assertThat(packet.checksumHolds()).isTrue();
  }

  @Test
  void oneChangedBitIsNoticed() {
    ByteBuffer frame = segment(new HeaderBuilder(false, false), 0, 33);
    frame.put(45, (byte) (frame.get(45) ^ 0x10));

    assertThat(packet.parse(frame, false)).isEqualTo(ParseResult.OK);
    assertThat(packet.checksumHolds()).isFalse();
  }

  @Test
  void anUnfinishedChecksumIsNotVerified() {
    ByteBuffer frame = segment(new HeaderBuilder(true, true), 0, 33);

    assertThat(packet.parse(frame, true)).isEqualTo(ParseResult.OK);
    assertThat(packet.checksumTrusted()).isTrue();
    assertThat(packet.checksumHolds()).isTrue();
    // linux/virtio_net.h: csum_start and csum_offset, little-endian.
    assertThat(frame.getShort(6)).isEqualTo(Short.reverseBytes((short) 20));
    assertThat(frame.getShort(8)).isEqualTo(Short.reverseBytes((short) 16));
    int field = frame.getShort(10 + 20 + 16) & 0xffff;
    assertThat(field).isEqualTo(Checksum.fold(Checksum.pseudoHeader(0, V4_A, 0, V4_B, 6, 53)));
  }

  @Test
  void aSuperSegmentSaysItsSegmentSize() {
    HeaderBuilder builder = new HeaderBuilder(true, true);
    builder.ip(0, V4_A, 0, V4_B, Wire.TCP);
    builder.tcp(4000, 80, 7, 9, Wire.ACK, 500);
    ByteBuffer payload = ByteBuffer.allocateDirect(5000);
    ByteBuffer head = builder.finishTcp(payload, NOTHING, 1460);
    ByteBuffer frame = ByteBuffer.allocate(head.remaining() + 5000).put(head).put(payload).flip();

    assertThat(packet.parse(frame, true)).isEqualTo(ParseResult.OK);
    assertThat(packet.gsoType()).isEqualTo(Wire.VNET_GSO_TCPV4);
    assertThat(packet.gsoSize()).isEqualTo(1460);
    // hdr_len: all headers.
    assertThat(frame.getShort(2)).isEqualTo(Short.reverseBytes((short) 40));
  }

  @Test
  void ipv4OptionsAndIpv6ExtensionHeadersAreSkipped() {
    ByteBuffer plain = segment(new HeaderBuilder(false, false), 0xfd00L << 48, 4);
    ByteBuffer extended = ByteBuffer.allocate(plain.remaining() + 16);
    extended.put(plain.slice(0, 40)).put((byte) 60).put((byte) 0).put(new byte[6]);
    extended.put((byte) Wire.TCP).put((byte) 0).put(new byte[6]);
    extended.put(plain.slice(40, plain.remaining() - 40)).flip();
    extended.put(6, (byte) 0).putShort(4, (short) (plain.getShort(4) + 16));

    assertThat(packet.parse(extended, false)).isEqualTo(ParseResult.OK);
    assertThat(packet.destinationPort()).isEqualTo(80);
    assertThat(packet.checksumHolds()).isTrue();
  }

  @Test
  void everyTruncationIsToldApart() {
    ByteBuffer frame = segment(new HeaderBuilder(false, false), 0, 33);
    for (int length = 0; length < frame.limit(); length++) {
      assertThat(packet.parse(frame.duplicate().limit(length), false))
          .as("length %d", length)
          .isEqualTo(ParseResult.TRUNCATED);
    }
  }

  private ByteBuffer withSack(int blocks) {
    HeaderBuilder builder = new HeaderBuilder(false, false);
    builder.ip(0, V4_A, 0, V4_B, Wire.TCP);
    builder.tcp(4000, 80, 7, 9, Wire.ACK, 500);
    builder.sack(blocks);
    for (int i = 0; i < blocks; i++) {
      builder.sackBlock(-1000 + 200 * i, -900 + 200 * i);
    }
    ByteBuffer head = builder.finishTcp(NOTHING, NOTHING, 1460);
    return ByteBuffer.allocate(head.remaining()).put(head).flip();
  }

  @Test
  void upToFourSackBlocksAreParsed() {
    for (int blocks = 1; blocks <= TcpOptions.MOST_SACK_BLOCKS; blocks++) {
      assertThat(packet.parse(withSack(blocks), false)).isEqualTo(ParseResult.OK);
      assertThat(packet.options().sackBlocks()).isEqualTo(blocks);
      assertThat(packet.options().sackLeft(blocks - 1)).isEqualTo(-1200 + 200 * blocks);
      assertThat(packet.options().sackRight(blocks - 1)).isEqualTo(-1100 + 200 * blocks);
    }
    assertThat(new PacketPrinter(false).print(withSack(2)))
        .endsWith("options [sack 2 {4294966296:4294966396}{4294966496:4294966596}], length 0");
    packet.parse(segment(new HeaderBuilder(false, false), 0, 1), false);
    assertThat(packet.options().sackBlocks()).as("those of the last frame are gone").isZero();
  }

  @Test
  void aSackOptionOfAnOddLengthIsSkipped() {
    ByteBuffer frame = withSack(1);
    frame.put(20 + 20 + 3, (byte) 9);

    assertThat(packet.parse(frame, false)).isEqualTo(ParseResult.OK);
    assertThat(packet.options().sackBlocks()).isZero();
  }

  @Test
  void garbageNeverThrows() {
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[random.nextInt(120)];
      random.nextBytes(bytes);
      if (bytes.length > 0 && random.nextInt(4) > 0) {
        bytes[0] = (byte) (random.nextBoolean() ? 0x45 : 0x60);
      }
      ByteBuffer frame = ByteBuffer.wrap(bytes);
      assertThatCode(() -> new PacketPrinter(false).print(frame)).doesNotThrowAnyException();
      assertThatCode(() -> new PacketPrinter(true).print(frame)).doesNotThrowAnyException();
    }
  }
}
