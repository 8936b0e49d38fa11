package dev.ktd.k8s;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ktd.error.KtdException;
import java.time.InstantSource;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys in every form that kubeconfigs have: k3s writes SEC 1, kubeadm PKCS#1, others PKCS#8. */
class ClientKeyTest {
  @ParameterizedTest
  @ValueSource(strings = {"ec-sec1", "ec-pkcs8", "rsa-pkcs1", "rsa-pkcs8"})
  void keyIsUnderstood(String form) {
    var files =
        new Kubeconfigs()
            .fixture(form + ".key")
            .fixture(form.substring(0, form.indexOf('-')) + ".crt");
    KubeContext context = context(files, form);
    var credentials = Credentials.of(context, files, new FakePlugin(), InstantSource.system());

    assertThatCode(
            () ->
                ClientFactory.create(
                        context,
                        Endpoint.of(context, files, ProxyVariables.NONE),
                        credentials,
                        ClientFactory.Limits.DEFAULT)
                    .close())
        .doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-----BEGIN EC PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"
      })
  void brokenKeyIsNamed(String key) {
    var files = new Kubeconfigs().with("ec-sec1.key", key).fixture("ec.crt");
    KubeContext context = context(files, "ec-sec1");
    var credentials = Credentials.of(context, files, new FakePlugin(), InstantSource.system());

    KtdException failure =
        catchThrowableOfType(
            KtdException.class,
            () ->
                ClientFactory.create(
                        context,
                        Endpoint.of(context, files, ProxyVariables.NONE),
                        credentials,
                        ClientFactory.Limits.DEFAULT)
                    .close());

    Assertions.assertThat(failure)
        .hasMessageStartingWith(
            "the client certificate or key of the user \"ana\" in /home/ana/.kube/config cannot be"
                + " used: ");
  }

  private static KubeContext context(Kubeconfigs files, String form) {
    return files.context(
        "{server: 'https://127.0.0.1:1'}",
        "{client-certificate: %s.crt, client-key: %s.key}"
            .formatted(form.substring(0, form.indexOf('-')), form));
  }
}
