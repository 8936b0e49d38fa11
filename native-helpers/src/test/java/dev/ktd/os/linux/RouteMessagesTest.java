package dev.ktd.os.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class RouteMessagesTest {
  private static final int NEWLINK = 16;
  private static final int NEWADDR = 20;
  private static final int NEWROUTE = 24;

  private static ByteBuffer link(String name, int index) {
    byte[] text = (name + "\0").getBytes(StandardCharsets.US_ASCII);
    ByteBuffer body = buffer(16 + 8 + 4 + text.length + 3);
    body.putInt(4, index).position(16);
    body.putShort((short) 8).putShort((short) 99).putInt(0); // an attribute before
    body.putShort((short) (4 + text.length)).putShort((short) 3).put(text);
    return message(NEWLINK, body);
  }

  private static ByteBuffer address(int index) {
    return message(NEWADDR, buffer(8).putInt(4, index));
  }

  private static ByteBuffer route(int out) {
    ByteBuffer body = buffer(12 + 8).position(12);
    return message(NEWROUTE, body.putShort((short) 8).putShort((short) 4).putInt(out));
  }

  private static ByteBuffer message(int type, ByteBuffer body) {
    ByteBuffer message = buffer((16 + body.limit() + 3) & ~3);
    message.putInt(16 + body.limit()).putShort((short) type).position(16);
    return message.put(body.rewind()).rewind();
  }

  private static ByteBuffer buffer(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
  }

  private static ByteBuffer together(ByteBuffer... messages) {
    ByteBuffer all = buffer(4096);
    for (ByteBuffer each : messages) {
      all.put(each.rewind());
    }
    return all.flip();
  }

  @Test
  void ownLinkIsKnownByItsNameAndOnlyByTheWhole() {
    RouteMessages messages = new RouteMessages("ktd0", 0);
    assertThat(messages.concernOthers(link("ktd0", 7))).isFalse();
    assertThat(messages.concernOthers(link("ktd01", 8))).isTrue();
    assertThat(messages.concernOthers(link("ktd", 9))).isTrue();
  }

  @Test
  void addressesAndRoutesOfTheOwnLinkAreKnownFromThenOn() {
    RouteMessages messages = new RouteMessages("ktd0", 0);
    assertThat(messages.concernOthers(address(7))).isTrue();
    assertThat(messages.concernOthers(together(link("ktd0", 7), address(7), route(7)))).isFalse();
    assertThat(messages.concernOthers(together(route(7), route(3), route(7)))).isTrue();
  }

  @Test
  void theNumberIsLearntBehindAnothersMessageToo() {
    RouteMessages messages = new RouteMessages("ktd0", 0);
    assertThat(messages.concernOthers(together(address(3), link("ktd0", 7)))).isTrue();
    assertThat(messages.concernOthers(route(7))).isFalse();
  }

  @Test
  void aRouteWithoutALinkIsAnothers() {
    RouteMessages messages = new RouteMessages("ktd0", 7);
    assertThat(messages.concernOthers(message(NEWROUTE, buffer(12)))).isTrue();
  }

  @Test
  void noiseIsReadToItsEnd() {
    long seed = Long.getLong("ktd.seed", System.nanoTime());
    Random random = new Random(seed);
    System.out.println("RouteMessagesTest seed " + seed);
    for (int n = 0; n < 100_000; n++) {
      ByteBuffer noise = together(link("ktd0", 7), address(7), route(7));
      for (int flips = random.nextInt(4); flips >= 0; flips--) {
        noise.put(random.nextInt(noise.limit()), (byte) random.nextInt(40));
      }
      new RouteMessages("ktd0", 7).concernOthers(noise.limit(random.nextInt(noise.limit())));
    }
  }
}
