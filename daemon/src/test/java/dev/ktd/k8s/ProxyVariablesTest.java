package dev.ktd.k8s;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ktd.error.KtdException;
import java.net.URI;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** HTTPS_PROXY, HTTP_PROXY and NO_PROXY as Go programs read them. */
final class ProxyVariablesTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      textBlock =
          """
          https://api.corp:6443   | -                     | by proxy
          http://api.corp         | -                     | -
          https://localhost:6443  | -                     | -
          https://127.3.2.1:6443  | -                     | -
          https://[::1]:6443      | -                     | -
          https://api.corp:6443   | *                     | -
          https://api.corp:6443   | other, API.corp       | -
          https://api.corp:6443   | corp                  | -
          https://api.corp:6443   | .corp                 | -
          https://api.corp:6443   | *.corp                | -
          https://corp:6443       | .corp                 | by proxy
          https://corp:6443       | corp                  | -
          https://acorp:6443      | corp                  | by proxy
          https://api.corp:6443   | corp:6443             | -
          https://api.corp:6443   | corp:443              | by proxy
          https://api.corp        | corp:443              | -
          https://10.1.2.3:6443   | 10.0.0.0/8            | -
          https://11.1.2.3:6443   | 10.0.0.0/8            | by proxy
          https://10.1.2.3:6443   | 10.1.2.3              | -
          https://10.1.2.3:6443   | 10.1.2.3:443          | by proxy
          https://10.1.2.3:6443   | 10.1.2.3:6443         | -
          https://[fd00::1]:6443  | fd00::1               | -
          https://[fd00::1]:6443  | [fd00::1]:6443        | -
          https://[fd00::1]:6443  | fd00::/16             | -
          https://[fd00::1]:6443  | [fd00::1]:443         | by proxy
          https://api.corp:6443   | ', ,'                 | by proxy
          """)
  void serversAreReachedByProxyUnlessExcepted(String server, String except, String expected) {
    ProxyVariables variables = new ProxyVariables("http://proxy:3128", null, except);
    assertThat(variables.forServer(URI.create(server)))
        .isEqualTo(expected == null ? null : URI.create("http://proxy:3128"));
  }

  @Test
  void schemeAndPortMayBeMissingAndAPasswordMayBeThere() {
    assertThat(proxy("proxy")).hasToString("http://proxy:80");
    assertThat(proxy("proxy:3128")).hasToString("http://proxy:3128");
    assertThat(proxy("http://ana:p%40ss@proxy")).hasToString("http://ana:p%40ss@proxy:80");
    assertThat(proxy("http://ana:pw@[fd00::1]:3128/")).hasHost("[fd00::1]").hasPort(3128);
    assertThat(proxy(" ")).isNull();
  }

  private static @Nullable URI proxy(String value) {
    return new ProxyVariables(value, null, null).forServer(URI.create("https://api.corp"));
  }

  @Test
  void plainServersHaveAVariableOfTheirOwn() {
    ProxyVariables variables = new ProxyVariables("http://a:1", "http://b:2", null);
    assertThat(variables.forServer(URI.create("http://api.corp"))).hasToString("http://b:2");
    assertThat(variables.forServer(URI.create("https://api.corp"))).hasToString("http://a:1");
  }

  @Test
  void proxiesOfOtherKindsAreRefusedWithoutTheirPassword() {
    assertThatThrownBy(() -> proxy("socks5://ana:s3cret@proxy:1080"))
        .isInstanceOf(KtdException.class)
        .hasMessage(
            "HTTPS_PROXY is not usable: socks5://...@proxy:1080: ktd uses proxies http://HOST:PORT"
                + " only.");
    assertThatThrownBy(() -> proxy("http://ana:s3 cret@proxy"))
        .hasMessageContaining("HTTPS_PROXY is not usable: http://...@proxy")
        .hasMessageNotContaining("s3");
    assertThat(new ProxyVariables("http://ana:s3cret@proxy", null, null))
        .asString()
        .doesNotContain("s3cret");
  }
}
