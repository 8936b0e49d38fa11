package dev.ktd.k8s;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrefixTest {
  @ParameterizedTest
  @CsvSource({
    "10.42.3.7/16, 10.42.0.0/16",
    "10.0.0.1, 10.0.0.1/32",
    "255.255.255.255/1, 128.0.0.0/1",
    "0.0.0.0/0, 0.0.0.0/0",
    "FD42:0:0:0::1/48, fd42::/48",
    "2001:db8:0:1:1:1:1:1/128, 2001:db8:0:1:1:1:1:1/128",
    "2001:0:0:1:0:0:0:1/128, 2001:0:0:1::1/128",
    "::/0, ::/0",
    "fd43::/112, fd43::/112",
  })
  void textIsCanonical(String text, String canonical) {
    assertThat(Prefix.parse(text)).hasToString(canonical);
  }

  @ParameterizedTest
  @CsvSource({"None", "''", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/x", "example.com", "fd::/129"})
  void whatIsNoNetworkIsNone(String text) {
    assertThat(Prefix.parse(text)).isNull();
  }

  @Test
  void coverIsTheSmallestPrefixBetween24And16() {
    assertThat(covers("10.43.0.1")).containsExactly("10.43.0.0/24");
    assertThat(covers("10.43.0.1", "10.43.0.10")).containsExactly("10.43.0.0/24");
    assertThat(covers("10.43.0.1", "10.43.7.9")).containsExactly("10.43.0.0/21");
    assertThat(covers("10.43.0.1", "10.43.255.9")).containsExactly("10.43.0.0/16");
    assertThat(covers("10.43.0.1", "10.44.0.1")).containsExactly("10.43.0.0/24", "10.44.0.0/24");
  }

  @Test
  void coverOfIpv6IsBetween120And112() {
    assertThat(covers("fd43::1")).containsExactly("fd43::/120");
    assertThat(covers("fd43::1", "fd43::ff01")).containsExactly("fd43::/112");
    assertThat(covers("fd43::1", "fd43::1:1", "10.0.0.1"))
        .containsExactly("10.0.0.0/24", "fd43::/120", "fd43::1:0/120");
  }

  @Test
  void networksInsideOthersGo() {
    assertThat(
            Prefix.outermost(parse("10.42.1.0/24", "10.42.0.0/16", "10.42.0.0/16", "fd42::/64"))
                .stream()
                .map(Prefix::toString))
        .containsExactly("10.42.0.0/16", "fd42::/64");
  }

  private static List<String> covers(String... addresses) {
    return Prefix.covers(parse(addresses)).stream().map(Prefix::toString).toList();
  }

  private static List<Prefix> parse(String... texts) {
    return Stream.of(texts).map(Prefix::parse).toList();
  }
}
