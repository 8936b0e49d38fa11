package dev.ktd.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RequestRulesTest {
  @ParameterizedTest
  @ValueSource(
      strings = {"0.0.0.0/0", "10.0.0.0/8", "10.1.2.3/32", "::/0", "fd00:1::/64", "fd00::1/128"})
  void networkIsAccepted(String cidr) {
    assertThatCode(() -> RequestRules.check(Samples.up(List.of(cidr), 1)))
        .doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/",
        "10.0.0.0",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10/8",
        "10.0/16",
        "256.0.0.0/8",
        "10.0.0.1/8",
        "fd00::/129",
        "fd00::1/64",
        "fe80::%eth0/64",
        "example.com/24",
        "10.0.0.0/8/8",
        "1.2.3.4:80/32",
        "::ffff:zz/96",
        "10.0.0.0/0008",
        "٣.0.0.0/8"
      })
  void otherTextIsNoNetwork(String cidr) {
    assertThatThrownBy(() -> RequestRules.check(Samples.up(List.of(cidr), 1)))
        .isInstanceOfSatisfying(
            KtdException.class, failed -> assertThat(failed.code()).isEqualTo(ErrorCode.USAGE))
        .hasMessageStartingWith("--cidr ");
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 5})
  void carriersAreOneToFour(int carriers) {
    assertThatThrownBy(() -> RequestRules.check(Samples.up(List.of(), carriers)))
        .hasMessageContaining("1 to 4");
  }

  @Test
  void listsAreBounded() {
    assertThatThrownBy(
            () -> RequestRules.check(Samples.up(Collections.nCopies(257, "10.0.0.0/8"), 1)))
        .isInstanceOf(KtdException.class);
  }

  @Test
  void everyNamedFieldIsChecked() {
    Request.Up good = Samples.up();
    for (String json :
        List.of(
            edit(good, "\"namespace\":\"shop\"", "\"namespace\":\"Shop_1\""),
            edit(good, "\"context\":\"a ", "\"context\":\"\\n "),
            edit(good, "\"corp.example\"", "\"corp..example\""),
            edit(good, "\"registry", "\"--registry"),
            edit(good, "\"/root/.kube/config\"", "\"config\""),
            edit(good, "\"/root/.kube/config\"", ""),
            edit(good, "\"home\":\"/root\"", "\"home\":\"root\""),
            edit(good, "\"name\":\"root\"", "\"name\":\"\""),
            edit(good, "\"uid\":0", "\"uid\":-1"),
            edit(good, "\"resumeSeconds\":60", "\"resumeSeconds\":9"),
            edit(good, "\"timeoutSeconds\":60", "\"timeoutSeconds\":3601"),
            edit(good, "\"cidrs\":[\"10.20.0.0/16\",", "\"cidrs\":[null,"))) {
      assertThatThrownBy(
              () ->
                  RequestRules.check(
                      ControlJson.readUp(json.getBytes(java.nio.charset.StandardCharsets.UTF_8))))
          .as(json)
          .isInstanceOfSatisfying(
              KtdException.class, failed -> assertThat(failed.code()).isEqualTo(ErrorCode.USAGE));
    }
  }

  @Test
  void missingFieldsAreUsageErrorsNotDefects() {
    assertThatThrownBy(
            () ->
                RequestRules.check(
                    ControlJson.readUp("{}".getBytes(java.nio.charset.StandardCharsets.UTF_8))))
        .isInstanceOf(KtdException.class);
  }

  private static String edit(Request.Up request, String from, String to) {
    String json = new String(ControlJson.write(request), java.nio.charset.StandardCharsets.UTF_8);
    assertThat(json).contains(from);
    return json.replace(from, to);
  }

  @Test
  void proxyWithAControlCharacterIsRefusedWithoutItsPassword() {
    Request.Up up = Samples.up(List.of(), 1);
    Request.Caller caller = up.caller();
    Request.Proxies proxies = new Request.Proxies("http://ana:s3cret@proxy\r\nX: y", null, null);
    Request.Up asked =
        new Request.Up(
            new Request.Caller(
                caller.uid(), caller.gid(), caller.name(), caller.home(), caller.path(), proxies),
            up.kubeconfigs(),
            up.context(),
            up.namespace(),
            up.cidrs(),
            up.excludes(),
            up.dnsSuffixes(),
            up.carriers(),
            up.image(),
            up.imagePullSecret(),
            up.resumeSeconds(),
            up.timeoutSeconds());
    assertThatThrownBy(() -> RequestRules.check(asked))
        .hasMessage("HTTPS_PROXY is too long or has control characters.");
  }
}
