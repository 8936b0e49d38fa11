package dev.ktd.k8s;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KubeconfigTest {
  private final Kubeconfigs files = new Kubeconfigs();

  @Test
  void currentContextIsChosenWithItsNamespace() {
    KubeContext context = files.fixture("valid.yaml").load("valid.yaml").choose(null, null);

    assertThat(context.name()).isEqualTo("dev");
    assertThat(context.namespace()).isEqualTo("shop");
    assertThat(context.userEntry()).isEqualTo("ana");
    assertThat(context.cluster().value().getServer()).isEqualTo("https://10.99.0.1:6443");
  }

  @Test
  void contextNamesMayHaveSpaces() {
    KubeContext context =
        files.fixture("valid.yaml").load("valid.yaml").choose("my cluster (EU)", null);

    assertThat(context.name()).isEqualTo("my cluster (EU)");
    assertThat(context.namespace()).isEqualTo("default");
  }

  @Test
  void namespaceThatIsAskedForWins() {
    KubeContext context = files.fixture("valid.yaml").load("valid.yaml").choose("dev", "other");

    assertThat(context.namespace()).isEqualTo("other");
  }

  @Test
  void contextWithoutUserIsAnonymous() {
    KubeContext context = files.fixture("valid.yaml").load("valid.yaml").choose("anonymous", null);

    assertThat(context.userEntry()).isEqualTo("anonymous");
  }

  @Test
  void firstFileWinsEntryByEntry() {
    Kubeconfig merged =
        files.fixture("valid.yaml").fixture("second.yaml").load("valid.yaml", "second.yaml");

    assertThat(merged.contexts()).containsExactly("dev", "my cluster (EU)", "anonymous", "other");
    assertThat(merged.choose(null, null).name()).isEqualTo("dev");
    assertThat(merged.choose("dev", null).cluster().value().getServer())
        .isEqualTo("https://10.99.0.1:6443");
    assertThat(merged.choose("other", null).user().value().getToken()).isEqualTo("from-valid");
    assertThat(merged.choose("other", null).cluster().file())
        .isEqualTo(Kubeconfigs.HOME.resolve("second.yaml"));
  }

  @Test
  void currentContextComesFromTheFirstFileThatHasOne() {
    Kubeconfig merged =
        files
            .fixture("no-current-context.yaml")
            .fixture("second.yaml")
            .load("no-current-context.yaml", "second.yaml");

    assertThat(merged.choose(null, null).name()).isEqualTo("other");
  }

  @Test
  void missingAndEmptyFilesAreSkippedBesideAGoodOne() {
    Kubeconfig merged =
        files
            .fixture("empty.yaml")
            .fixture("valid.yaml")
            .load("missing.yaml", "empty.yaml", "valid.yaml");

    assertThat(merged.choose(null, null).name()).isEqualTo("dev");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          missing.yaml | no kubeconfig: /home/ana/.kube/missing.yaml does not exist.
          empty.yaml | the kubeconfig /home/ana/.kube/empty.yaml is empty: it has no context.
          no-contexts.yaml | the kubeconfig /home/ana/.kube/no-contexts.yaml is empty: it has no context.
          syntax-error.yaml | the kubeconfig /home/ana/.kube/syntax-error.yaml is not valid YAML: line 6, column 9: while parsing a flow mapping, expected ',' or '}', but got :.
          wrong-form.yaml | the kubeconfig /home/ana/.kube/wrong-form.yaml is malformed: clusters has the wrong form.
          not-a-map.yaml | the kubeconfig /home/ana/.kube/not-a-map.yaml is not a kubeconfig.
          no-current-context.yaml | the kubeconfig /home/ana/.kube/no-current-context.yaml has no current-context.
          unknown-current-context.yaml | the current-context is "gone", which does not exist. Known: "dev".
          unknown-cluster.yaml | the context "dev" in /home/ana/.kube/unknown-cluster.yaml names the cluster "nowhere", which no kubeconfig defines. Known: "prod".
          unknown-user.yaml | the context "dev" in /home/ana/.kube/unknown-user.yaml names the user "nobody", which no kubeconfig defines. Known: none.
          """)
  void eachMistakeIsNamed(String fixture, String message) {
    if (!fixture.equals("missing.yaml")) {
      files.fixture(fixture);
    }

    KtdException failure =
        catchThrowableOfType(KtdException.class, () -> files.load(fixture).choose(null, null));

    assertThat(failure.code()).isEqualTo(ErrorCode.KUBECONFIG);
    assertThat(failure).hasMessage(message);
    assertThat(failure.hint()).isNotBlank();
    assertThat(failure.getMessage()).doesNotContain("s3cret");
  }

  @Test
  void unknownContextListsTheKnownOnes() {
    Kubeconfig kubeconfig = files.fixture("valid.yaml").load("valid.yaml");

    KtdException failure =
        catchThrowableOfType(KtdException.class, () -> kubeconfig.choose("prod", null));

    assertThat(failure)
        .hasMessage(
            "there is no context \"prod\" in /home/ana/.kube/valid.yaml."
                + " Known: \"dev\", \"my cluster (EU)\", \"anonymous\".");
    assertThat(failure.hint())
        .contains("ktd up --context dev")
        .contains("ktd up --context 'my cluster (EU)'");
  }

  @Test
  void hintSurvivesTheShell() {
    Kubeconfig kubeconfig =
        files.fixture("no-current-context.yaml").load("no-current-context.yaml");

    KtdException failure =
        catchThrowableOfType(KtdException.class, () -> kubeconfig.choose(null, null));

    assertThat(failure.hint()).isEqualTo("Choose one: ktd up --context 'it'\\''s dev'");
  }

  @Test
  void unreadableFileSaysWhy() {
    FileSource denied =
        path -> {
          throw new AccessDeniedException(path.toString());
        };

    KtdException failure =
        catchThrowableOfType(
            KtdException.class,
            () -> Kubeconfig.load(List.of(Path.of("/root/.kube/config")), denied));

    assertThat(failure)
        .hasMessage("the kubeconfig /root/.kube/config cannot be read: permission denied.");
    assertThat(failure.code()).isEqualTo(ErrorCode.KUBECONFIG);
  }

  @Test
  void relativePathsReferToTheKubeconfigThatNamesThem() throws IOException {
    files.with("ca.crt", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
    KubeContext context = files.fixture("valid.yaml").load("valid.yaml").choose(null, null);

    assertThat(Endpoint.of(context, files, ProxyVariables.NONE).caPem())
        .startsWith("-----BEGIN CERTIFICATE");
  }

  @Test
  void addressMayBeAnIpv6Literal() {
    KubeContext context =
        files.fixture("valid.yaml").load("valid.yaml").choose("my cluster (EU)", null);

    assertThat(Endpoint.of(context, files, ProxyVariables.NONE).uri())
        .hasToString("https://[fd00::1]:6443");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {} | the server of the cluster "dev" in /home/ana/.kube/config is missing.
          {server: "10.0.0.1:6443"} | the server of the cluster "dev" in /home/ana/.kube/config is not usable: 10.0.0.1:6443: Illegal character in scheme name.
          {server: "ftp://x"} | the server of the cluster "dev" in /home/ana/.kube/config is not usable: ftp://x: it must begin with https://.
          {server: "https://x", proxy-url: "socks5://p:1"} | the proxy-url of the cluster "dev" in /home/ana/.kube/config is not usable: socks5://p:1: ktd uses proxies http://HOST:PORT only.
          {server: "https://x", proxy-url: "https://a:s3cr3t@p:1"} | the proxy-url of the cluster "dev" in /home/ana/.kube/config is not usable: https://...@p:1: ktd uses proxies http://HOST:PORT only.
          {server: "https://a:s3cr3t@x"} | the server of the cluster "dev" in /home/ana/.kube/config is not usable: https://...@x: name and password belong to the user's entry.
          {server: "https://x", certificate-authority: "no.crt"} | certificate-authority /home/ana/.kube/no.crt of "dev" in /home/ana/.kube/config cannot be read: no such file.
          {server: "https://x", certificate-authority-data: "Zm9v"} | certificate-authority-data of "dev" in /home/ana/.kube/config is not PEM.
          """)
  void eachMistakeOfAClusterIsNamed(String cluster, String message) {
    KubeContext context = files.context(cluster, "{}");

    KtdException failure =
        catchThrowableOfType(
            KtdException.class, () -> Endpoint.of(context, files, ProxyVariables.NONE));

    assertThat(failure).hasMessage(message);
    assertThat(failure.code()).isEqualTo(ErrorCode.KUBECONFIG);
  }
}
