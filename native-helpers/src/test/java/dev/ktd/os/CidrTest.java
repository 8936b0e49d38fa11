package dev.ktd.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CidrTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.0.0.0/0",
        "10.43.0.0/16",
        "10.43.7.128/25",
        "198.18.0.53/32",
        "::/0",
        "fd6b:7464::/32",
        "fd00:0:0:1::/64",
        "fd6b:7464::1/128",
        "1:2:3:4:5:6:7:8/128",
        "2001:db8:0:1:1:1:1:1/128",
        "1::/16",
        "::1/128"
      })
  void whatIsParsedIsPrintedTheSame(String text) {
    assertThat(Cidr.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @CsvSource({
    "10.43.7.9/16, the network is 10.43.0.0/16",
    "10.43.7.9/33, 0 to 32",
    "10.43/16, not an IP address",
    "10.43.0.0/, not a number",
    "10.43.0.0/-1, not a number",
    "cluster.local/16, not an IP address",
    "10.43.0.256/32, not an IP address",
    "fe80::1%lo/64, not an IP address",
    "fd00::1/64, the network is fd00::/64",
    "fd00::/129, 0 to 128"
  })
  void mistakesAreNamed(String text, String message) {
    assertThatThrownBy(() -> Cidr.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void aSingleAddressIsANetworkOfOne() {
    assertThat(Cidr.parse("10.99.0.1")).hasToString("10.99.0.1/32");
    assertThat(Cidr.of(InetAddress.ofLiteral("fd00::5"))).hasToString("fd00::5/128");
    assertThat(Cidr.of(InetAddress.ofLiteral("10.43.7.9"), 20)).hasToString("10.43.0.0/20");
  }

  @ParameterizedTest
  @CsvSource({
    "10.43.0.0/16, 10.43.255.255, true",
    "10.43.0.0/16, 10.44.0.0, false",
    "0.0.0.0/0, 255.1.2.3, true",
    "0.0.0.0/0, ::1, false",
    "fd00::/9, fd7f::1, true",
    "fd00::/9, fd80::1, false"
  })
  void containsLooksAtThePrefixOnly(String network, String address, boolean inside) {
    assertThat(Cidr.parse(network).contains(InetAddress.ofLiteral(address))).isEqualTo(inside);
  }

  @Test
  void networksOverlapWhenOneContainsTheOther() {
    Cidr pods = Cidr.parse("10.42.0.0/16");
    assertThat(pods.overlaps(Cidr.parse("10.42.8.0/21"))).isTrue();
    assertThat(Cidr.parse("10.42.8.0/21").overlaps(pods)).isTrue();
    assertThat(pods.overlaps(pods)).isTrue();
    assertThat(pods.overlaps(Cidr.parse("10.43.0.0/16"))).isFalse();
    assertThat(pods.overlaps(Cidr.parse("::/0"))).isFalse();
  }
}
