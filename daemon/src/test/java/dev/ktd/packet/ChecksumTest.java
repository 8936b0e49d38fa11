package dev.ktd.packet;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class ChecksumTest {
  private static ByteBuffer bytes(String hex) {
    return ByteBuffer.wrap(HexFormat.of().parseHex(hex));
  }

  @Test
  void theExampleOfRfc1071Adds() {
    ByteBuffer example = bytes("0001f203f4f5f6f7");
    assertThat(Checksum.fold(Checksum.sum(example, 0, 8))).isEqualTo(0xddf2);
  }

  @Test
  void anyLengthGivesTheSumOfItsWords() {
    SplittableRandom random = new SplittableRandom(1);
    for (int length = 0; length < 200; length++) {
      byte[] data = new byte[length];
      random.nextBytes(data);
      int slow = 0;
      for (int i = 0; i < length; i++) {
        slow += (data[i] & 0xff) << (i % 2 == 0 ? 8 : 0);
        slow = (slow & 0xffff) + (slow >>> 16);
      }
      assertThat(Checksum.fold(Checksum.sum(ByteBuffer.wrap(data), 0, length)))
          .as("length %d", length)
          .isEqualTo(slow);
    }
  }

  @Test
  void twoPiecesAddUpLikeOneWhereverTheyAreCut() {
    byte[] data = new byte[131];
    new SplittableRandom(2).nextBytes(data);
    int whole = Checksum.fold(Checksum.sum(ByteBuffer.wrap(data), 0, data.length));
    for (int cut = 0; cut <= data.length; cut++) {
      ByteBuffer first = ByteBuffer.wrap(data, 0, cut);
      ByteBuffer second = ByteBuffer.wrap(data, cut, data.length - cut);
      assertThat(Checksum.fold(Checksum.sum(first, second))).as("cut at %d", cut).isEqualTo(whole);
    }
  }

  @Test
  void aFullBufferOfOnesDoesNotOverflow() {
    byte[] ones = new byte[65_535];
    java.util.Arrays.fill(ones, (byte) 0xff);
    assertThat(Checksum.fold(Checksum.sum(ByteBuffer.wrap(ones), 0, 65_534))).isEqualTo(0xffff);
  }
}
