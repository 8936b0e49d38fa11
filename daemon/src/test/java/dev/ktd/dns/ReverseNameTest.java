package dev.ktd.dns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.os.Cidr;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xbill.DNS.Name;
import org.xbill.DNS.TextParseException;

class ReverseNameTest {
  @ParameterizedTest
  @CsvSource({
    "10.42.0.0/16, 42.10.in-addr.arpa",
    "10.42.7.0/24, 7.42.10.in-addr.arpa",
    "10.42.7.9/32, 9.7.42.10.in-addr.arpa",
    "10.0.0.0/8, 10.in-addr.arpa",
    "0.0.0.0/0, in-addr.arpa",
    "fd42::/48, 0.0.0.0.0.0.0.0.2.4.d.f.ip6.arpa",
    "fd43::/112, 0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.4.d.f.ip6.arpa",
  })
  void aNetworkThatEndsAtALabelIsOneZone(String network, String zone) {
    assertThat(ReverseName.zones(Cidr.parse(network))).containsExactly(zone);
  }

  @Test
  void othersAreAsManyAsTheyNeed() {
    assertThat(ReverseName.zones(Cidr.parse("10.96.0.0/12")))
        .isEqualTo(
            IntStream.range(96, 112).mapToObj(second -> second + ".10.in-addr.arpa").toList());
    assertThat(ReverseName.zones(Cidr.parse("10.128.0.0/9"))).hasSize(128);
    assertThat(ReverseName.zones(Cidr.parse("fc00::/7")))
        .isEqualTo(List.of("c.f.ip6.arpa", "d.f.ip6.arpa"));
  }

  @ParameterizedTest
  @CsvSource({"10.96.0.0/12", "192.168.64.0/18", "10.42.7.9/32", "fd42:8000::/33", "fd43::/112"})
  void eachZoneIsInTheNetwork(String text) throws TextParseException {
    Cidr network = Cidr.parse(text);
    for (String zone : ReverseName.zones(network)) {
      Cidr read = ReverseName.network(Name.fromString(zone, Name.root));
      assertThat(read)
          .as("%s in %s", read, network)
          .isNotNull()
          .matches(each -> each != null && network.contains(each));
    }
  }
}
