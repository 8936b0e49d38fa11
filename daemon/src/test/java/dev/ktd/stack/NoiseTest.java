package dev.ktd.stack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.packet.Wire;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What machines say to their link, and what nobody should say: dropped by rule, unanswered. */
final class NoiseTest {
  private final RawStack raw = new RawStack();

  private Map<String, Long> drops() {
    Map<String, Long> drops = new TreeMap<>();
    raw.stack
        .counters()
        .forEach(
            (name, count) -> {
              if (name.startsWith("drops.") && count > 0) {
                drops.put(name.substring(6), count);
              }
            });
    return drops;
  }

  private void assertDropped(String why) {
    raw.poll();
    assertThat(drops()).containsExactly(Map.entry(why, 1L));
    assertThat(raw.events.events()).isEmpty();
    assertThat(raw.frames.isEmpty()).isTrue();
  }

  @ParameterizedTest(name = "{0} to {1} port {2}: {3}")
  @CsvSource({
    "198.18.0.1, 224.0.0.251, 5353, multicast",
    "198.18.0.1, 239.255.255.250, 1900, multicast",
    "fd6b:7464::1, ff02::fb, 5353, multicast",
    "fd6b:7464::1, ff0e::1, 80, multicast",
    "0.0.0.0, 255.255.255.255, 67, broadcast",
    "198.18.0.1, 255.255.255.255, 9, broadcast",
    "198.18.0.1, 10.43.7.9, 137, netbios",
    "198.18.0.1, 10.43.7.9, 138, netbios",
    "198.18.0.1, 10.43.7.9, 139, netbios",
    "198.18.0.1, 0.0.0.0, 80, address",
    "198.18.0.1, 0.1.2.3, 80, address",
    "198.18.0.1, 127.0.0.1, 80, address",
    "0.0.0.0, 10.43.7.9, 80, address",
    "127.0.0.1, 10.43.7.9, 80, address",
    "224.0.0.1, 10.43.7.9, 80, address",
    "255.255.255.255, 10.43.7.9, 80, address",
    "::, fd43::10, 80, address",
    "::1, fd43::10, 80, address",
    "ff02::1, fd43::10, 80, address",
    "fd6b:7464::1, ::1, 80, address",
    "169.254.3.4, 10.43.7.9, 80, link-local",
    "198.18.0.1, 169.254.169.254, 80, link-local",
    "fe80::1, fd43::10, 80, link-local",
    "fd6b:7464::1, fe80::2, 80, link-local",
    "febf::1, fd43::10, 80, link-local",
    "10.43.7.9, 10.43.7.9, 80, land",
    "fd43::10, fd43::10, 80, land"
  })
  void isDroppedByRule(String from, String to, int port, String why) {
    raw.receive(raw.datagram(from, 5000, to, port, RawStack.pattern(8)));
    assertDropped(why);
  }

  @ParameterizedTest
  @CsvSource({
    "198.18.0.1, 10.43.255.255, 53",
    "198.18.0.1, 240.1.2.3, 53",
    "198.18.0.1, 10.43.7.9, 136",
    "198.18.0.1, 10.43.7.9, 140",
    "fd6b:7464::1, fec0::1, 53"
  })
  void hostsAreNot(String from, String to, int port) {
    raw.receive(raw.datagram(from, 5000, to, port, RawStack.pattern(8)));
    assertThat(drops()).isEmpty();
    assertThat(raw.events.events()).containsExactly("datagram 8");
  }

  @ParameterizedTest
  @CsvSource({"224.0.0.22, multicast", "127.0.0.1, address", "198.18.0.1, land"})
  void neitherSynNorFragmentNorUnknownProtocolIsAnswered(String to, String why) {
    var builder = raw.ip(RawStack.PROGRAM, to, Wire.TCP);
    builder.tcp(40_000, 80, 1, 0, Wire.SYN, 64_000);
    ByteBuffer syn = builder.finishTcp(RawStack.NOTHING, RawStack.NOTHING, 0xffff);
    raw.receive(RawStack.whole(syn, RawStack.NOTHING));
    assertDropped(why);
    raw.ip(RawStack.PROGRAM, to, Wire.UDP).fragment(1, 0, true);
    raw.receive(RawStack.whole(builder.finish(8), RawStack.pattern(8)));
    raw.receive(RawStack.whole(protocol(to, 2), RawStack.pattern(8)));
    assertThat(drops()).containsExactly(Map.entry(why, 3L));
    assertThat(raw.counter("buffers.bytes")).isZero();
  }

  private ByteBuffer protocol(String to, int protocol) {
    return raw.ip(RawStack.PROGRAM, to, protocol).finish(8);
  }

  @Test
  void aProtocolThatIsNotSpokenHereIsDropped() {
    raw.receive(RawStack.whole(protocol(RawStack.POD, 47), RawStack.pattern(8)));
    assertDropped("protocol");
  }

  @ParameterizedTest
  @CsvSource({"5, 0", "11, 0", "13, 0", "4, 0", "0, 0", "8, 1"})
  void icmpThatIsNeitherAPingNorAboutUsIsDropped(int type, int code) {
    raw.receive(raw.icmp(RawStack.PROGRAM, RawStack.POD, type, code, 0, RawStack.pattern(40)));
    assertDropped("icmp");
  }
}
