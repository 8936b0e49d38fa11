package dev.ktd.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.Cidr;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;

class SplitRulesTest {
  private final SplitRules rules =
      new SplitRules(
          List.of("cluster.local"),
          Set.of("default", "kube-system", "dev", "qa", "local", "staging"),
          List.of("corp.example.com"),
          List.of(
              Cidr.parse("10.42.0.0/24"), Cidr.parse("10.43.0.0/17"), Cidr.parse("fd00:43::/108")));

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          web.default.svc.cluster.local.                  , cluster web.default.svc.cluster.local.
          WEB.Default.SVC.Cluster.LOCAL.                  , cluster WEB.Default.SVC.Cluster.LOCAL.
          _http._tcp.web.default.svc.cluster.local.       , cluster _http._tcp.web.default.svc.cluster.local.
          web.default.svc.cluster.local.svc.cluster.local., cluster web.default.svc.cluster.local.svc.cluster.local.
          10-42-0-7.default.pod.cluster.local.            , cluster 10-42-0-7.default.pod.cluster.local.
          cluster.local.                                  , cluster cluster.local.
          notcluster.local.                               , host
          local.                                          , host
          cluster.local.example.com.                      , host
          db.corp.example.com.                            , cluster db.corp.example.com.
          corp.example.com.                               , cluster corp.example.com.
          example.com.                                    , host
          web.default.svc.                                , cluster web.default.svc.cluster.local.
          web.dev.svc.                                    , cluster web.dev.svc.cluster.local.
          web.nosuch.svc.                                 , cluster web.nosuch.svc.cluster.local.
          db-0.db.default.svc.                            , cluster db-0.db.default.svc.cluster.local.
          default.SVC.                                    , cluster default.SVC.cluster.local.
          svc.                                            , host
          web.default.                                    , cluster web.default.svc.cluster.local.
          Web.DEFAULT.                                    , cluster Web.DEFAULT.svc.cluster.local.
          db-0.db.default.                                , cluster db-0.db.default.svc.cluster.local.
          _http._tcp.web.staging.                         , cluster _http._tcp.web.staging.svc.cluster.local.
          web.other.                                      , host
          web.dev.                                        , host
          web.qa.                                         , host
          printer.local.                                  , host
          default.                                        , host
          web.                                            , host
          localhost.                                      , host
          .                                               , host
          default.example.com.                            , host
          7.0.42.10.in-addr.arpa.                         , cluster 7.0.42.10.in-addr.arpa.
          0.42.10.in-addr.arpa.                           , cluster 0.42.10.in-addr.arpa.
          7.1.42.10.in-addr.arpa.                         , host
          42.10.in-addr.arpa.                             , host
          1.127.43.10.in-addr.arpa.                       , cluster 1.127.43.10.in-addr.arpa.
          1.128.43.10.in-addr.arpa.                       , host
          007.0.42.10.in-addr.arpa.                       , host
          256.0.42.10.in-addr.arpa.                       , host
          x.0.42.10.in-addr.arpa.                         , host
          9.7.0.42.10.in-addr.arpa.                       , host
          in-addr.arpa.                                   , host
          1.0.0.127.in-addr.arpa.                         , host
          a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.4.0.0.0.0.d.f.ip6.arpa., cluster a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.4.0.0.0.0.d.f.ip6.arpa.
          a.0.0.0.0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.4.0.0.0.0.d.f.ip6.arpa., host
          1.0.0.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa., host
          g.0.0.0.d.f.ip6.arpa.                           , host
          """)
  void nameIsAnsweredBy(String name, String who) throws Exception {
    assertThat(text(rules.decide(Name.fromString(name), DClass.IN))).isEqualTo(who);
  }

  @Test
  void nameTooLongToBeCompletedDoesNotExist() throws Exception {
    String label = "a".repeat(60) + ".";
    Name name = Name.fromString(label.repeat(4) + "svc.");
    assertThat(rules.decide(name, DClass.IN)).isEqualTo(new Decision.Local(Rcode.NXDOMAIN));
  }

  @Test
  void otherClassesGoToTheHost() throws Exception {
    assertThat(rules.decide(Name.fromString("web.default.svc.cluster.local."), DClass.CH))
        .isEqualTo(new Decision.Host());
  }

  @Test
  void namespacesThatEndPublicNamesAreNamed() {
    assertThat(rules.leftOut()).containsExactly("dev", "local", "qa");
  }

  @Test
  void namespacesAreReplacedAsAWhole() throws Exception {
    SplitRules other = rules.withNamespaces(Set.of("other"));
    assertThat(text(other.decide(Name.fromString("web.other."), DClass.IN)))
        .isEqualTo("cluster web.other.svc.cluster.local.");
    assertThat(text(other.decide(Name.fromString("web.default."), DClass.IN))).isEqualTo("host");
    assertThat(text(other.decide(Name.fromString("7.0.42.10.in-addr.arpa."), DClass.IN)))
        .startsWith("cluster");
    assertThat(text(rules.decide(Name.fromString("web.default."), DClass.IN)))
        .startsWith("cluster");
  }

  @Test
  void routedNetworksAreReplacedAsAWhole() throws Exception {
    SplitRules other = rules.withRouted(List.of(Cidr.parse("172.16.0.0/12")));
    assertThat(text(other.decide(Name.fromString("1.2.31.172.in-addr.arpa."), DClass.IN)))
        .startsWith("cluster");
    assertThat(text(other.decide(Name.fromString("7.0.42.10.in-addr.arpa."), DClass.IN)))
        .isEqualTo("host");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "corp.example",
        ".corp.example",
        "corp.example.",
        "*.corp.example",
        " Corp.Example"
      })
  void suffixIsTakenAsPeopleWriteIt(String suffix) {
    SplitRules with =
        new SplitRules(List.of("cluster.local"), Set.of(), List.of(suffix), List.of());
    assertThat(with.suffixes()).containsExactly("cluster.local", "corp.example");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "*", "*.", "a..b", "a b", "http://x", "ä.de", "\\000.x"})
  void suffixThatIsNoNameIsRefused(String suffix) {
    assertThatThrownBy(
            () -> new SplitRules(List.of("cluster.local"), Set.of(), List.of(suffix), List.of()))
        .isInstanceOfSatisfying(
            KtdException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.USAGE))
        .hasMessageContaining("is not a domain name");
  }

  @Test
  void suffixWithAnOverlongLabelIsRefused() {
    String label = "a".repeat(64);
    assertThatThrownBy(
            () -> new SplitRules(List.of("cluster.local"), Set.of(), List.of(label), List.of()))
        .isInstanceOf(KtdException.class);
  }

  private static String text(Decision decision) {
    return switch (decision) {
      case Decision.Cluster(Name ask) -> "cluster " + ask;
      case Decision.Host _ -> "host";
      case Decision.Local(int rcode) -> "local " + rcode;
    };
  }
}
