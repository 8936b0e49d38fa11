package dev.ktd.k8s;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class CredentialsTest {
  private static final String V1 = "client.authentication.k8s.io/v1";
  private static final String EXEC =
      "{exec: {apiVersion: "
          + V1
          + ", command: get-token, args: [--region, eu],"
          + " env: [{name: PROFILE, value: dev}], interactiveMode: IfAvailable}}";

  private final Kubeconfigs files = new Kubeconfigs();
  private final FakePlugin plugin = new FakePlugin();
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");

  @Test
  void tokenIsGiven() {
    assertThat(credentials("{token: abc}").current().token()).isEqualTo("abc");
  }

  @Test
  void certificateIsReadFromFilesBesideTheKubeconfig() {
    files
        .with("ana.crt", "-----BEGIN CERTIFICATE-----")
        .with("ana.key", "-----BEGIN EC PRIVATE KEY-----");

    Authentication shown =
        credentials("{client-certificate: ana.crt, client-key: ana.key}").current();

    assertThat(shown.certificatePem()).isEqualTo("-----BEGIN CERTIFICATE-----");
    assertThat(shown.keyPem()).isEqualTo("-----BEGIN EC PRIVATE KEY-----");
    assertThat(shown.token()).isNull();
  }

  @Test
  void tokenFileIsReadAgainAfterAMinute() {
    files.with("token", "first\n");
    Credentials credentials = credentials("{tokenFile: token, token: loses}");

    assertThat(credentials.current().token()).isEqualTo("first");
    files.with("token", "second\n");
    assertThat(credentials.current().token()).isEqualTo("first");
    now = now.plusSeconds(61);
    assertThat(credentials.current().token()).isEqualTo("second");
  }

  @Test
  void refusedTokenFileIsReadAgainAtOnce() {
    files.with("token", "first");
    Credentials credentials = credentials("{tokenFile: token}");
    assertThat(credentials.current().token()).isEqualTo("first");

    files.with("token", "second");
    credentials.forget();

    assertThat(credentials.current().token()).isEqualTo("second");
  }

  @Test
  void basicAuthenticationAndImpersonationAreHeaders() {
    KubeContext context =
        files.context(
            "{server: https://x}",
            "{username: ana, password: pw, as: bob, as-groups: [a, b], as-user-extra: {reason: [x]}}");

    assertThat(Endpoint.of(context, files, ProxyVariables.NONE).headers())
        .containsEntry("Authorization", java.util.List.of("Basic YW5hOnB3"))
        .containsEntry("Impersonate-User", java.util.List.of("bob"))
        .containsEntry("Impersonate-Group", java.util.List.of("a", "b"))
        .containsEntry("Impersonate-Extra-reason", java.util.List.of("x"));
  }

  @Test
  void pluginGetsItsArgumentsAndTheRequest() {
    plugin.prints(token("t1", null));

    assertThat(credentials(EXEC).current().token()).isEqualTo("t1");

    FakePlugin.Call call = plugin.calls.getFirst();
    assertThat(call.command()).containsExactly("get-token", "--region", "eu");
    assertThat(call.environment()).containsEntry("PROFILE", "dev");
    assertThat(call.environment().get("KUBERNETES_EXEC_INFO"))
        .isEqualTo(
            "{\"apiVersion\":\""
                + V1
                + "\",\"kind\":\"ExecCredential\",\"spec\":{\"interactive\":false}}");
    assertThat(call.input()).isEmpty();
  }

  @Test
  void pluginIsToldTheClusterWhereItAsks() {
    plugin.prints(token("t1", null).replace("k8s.io/v1", "k8s.io/v1beta1"));
    KubeContext context =
        files.context(
            "{server: https://x, tls-server-name: y, certificate-authority-data: LS0tLS1CRUdJTiBY,"
                + " extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: a1}}]}",
            "{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./bin/tok,"
                + " provideClusterInfo: true}}");

    assertThat(of(context).current().token()).isEqualTo("t1");

    FakePlugin.Call call = plugin.calls.getFirst();
    assertThat(call.command()).containsExactly("/home/ana/.kube/bin/tok");
    JsonNode cluster =
        JsonMapper.builder()
            .build()
            .readTree(call.environment().get("KUBERNETES_EXEC_INFO"))
            .path("spec")
            .path("cluster");
    assertThat(cluster.path("server").asString()).isEqualTo("https://x");
    assertThat(cluster.path("tls-server-name").asString()).isEqualTo("y");
    assertThat(cluster.path("certificate-authority-data").asString()).isEqualTo("LS0tLS1CRUdJTiBY");
    assertThat(cluster.path("config").path("audience").asString()).isEqualTo("a1");
  }

  @Test
  void credentialsOfAPluginAreKeptUntilShortlyBeforeTheyExpire() {
    plugin
        .prints(token("t1", now.plus(Duration.ofMinutes(10))))
        .prints(token("t2", now.plus(Duration.ofMinutes(20))));
    Credentials credentials = credentials(EXEC);

    assertThat(credentials.current().token()).isEqualTo("t1");
    now = now.plus(Duration.ofMinutes(9));
    assertThat(credentials.current().token()).isEqualTo("t1");
    now = now.plusSeconds(31);
    assertThat(credentials.current().token()).isEqualTo("t2");
    assertThat(plugin.calls).hasSize(2);
  }

  @Test
  void shortLivedCredentialsAreNotFetchedForEveryCall() {
    plugin.prints(token("t1", now.plusSeconds(20)));
    Credentials credentials = credentials(EXEC);

    credentials.current();
    now = now.plusSeconds(15);
    credentials.current();

    assertThat(plugin.calls).hasSize(1);
  }

  @Test
  void refusedCredentialsOfAPluginAreFetchedAnew() {
    plugin.prints(token("t1", null)).prints(token("t2", null));
    Credentials credentials = credentials(EXEC);
    assertThat(credentials.current().token()).isEqualTo("t1");

    credentials.forget();

    assertThat(credentials.current().token()).isEqualTo("t2");
  }

  @Test
  void pluginMayGiveACertificate() {
    plugin.prints(
        "{\"apiVersion\":\""
            + V1
            + "\",\"kind\":\"ExecCredential\",\"status\":"
            + "{\"clientCertificateData\":\"CERT\",\"clientKeyData\":\"KEY\"}}");

    Authentication shown = credentials(EXEC).current();

    assertThat(shown.certificatePem()).isEqualTo("CERT");
    assertThat(shown.keyPem()).isEqualTo("KEY");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          not json s3cret | printed something that is not JSON.
          {"kind":"Pod"} | printed no ExecCredential.
          {"kind":"ExecCredential","apiVersion":"v2"} | printed apiVersion v2 where the kubeconfig says client.authentication.k8s.io/v1.
          {"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1"} | printed neither a token nor a certificate.
          {"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"clientCertificateData":"s3cret"}} | printed only one of certificate and key.
          {"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"s3cret","expirationTimestamp":"soon"}} | printed an expirationTimestamp that is not RFC 3339.
          """)
  void whatAPluginPrintsWronglyIsNamedWithoutBeingShown(String output, String message) {
    plugin.prints(output);

    KtdException failure = failureOf(EXEC);

    assertThat(failure)
        .hasMessage("the credential plug-in \"get-token\" of the user \"ana\" " + message);
    assertThat(failure.code()).isEqualTo(ErrorCode.CREDENTIALS);
  }

  @Test
  void failedPluginShowsItsErrors() {
    plugin.fails(255, "\nError: the SSO session has expired\n");

    KtdException failure = failureOf(EXEC);

    assertThat(failure)
        .hasMessage(
            "the credential plug-in \"get-token\" of the user \"ana\" failed with exit status 255:"
                + " Error: the SSO session has expired");
    assertThat(failure.hint())
        .isEqualTo("Sign in again, then check:  kubectl --context dev auth whoami");
  }

  @Test
  void missingPluginGivesTheInstallHint() {
    plugin.breaks(new NoSuchFileException("get-token"));

    KtdException failure =
        failureOf(
            "{exec: {apiVersion: " + V1 + ", command: get-token, installHint: 'Get it from X.'}}");

    assertThat(failure)
        .hasMessage("the credential plug-in \"get-token\" of the user \"ana\" was not found.");
    assertThat(failure.hint()).isEqualTo("Get it from X.");
  }

  @Test
  void pluginThatOutlivesItsLimitIsNamed() {
    plugin.breaks(new IOException("still running after 60 s"));

    assertThat(failureOf(EXEC))
        .hasMessage(
            "the credential plug-in \"get-token\" of the user \"ana\" did not run: still running"
                + " after 60 s.");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always}} | CREDENTIALS | the credential plug-in "x" of the user "ana" wants a terminal (interactiveMode: Always), which a service does not have.
          {exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}} | CREDENTIALS | the credential plug-in "x" of the user "ana" asks for apiVersion client.authentication.k8s.io/v1alpha1; ktd speaks client.authentication.k8s.io/v1 and v1beta1.
          {auth-provider: {name: gcp}} | CREDENTIALS | the user "ana" in /home/ana/.kube/config uses the auth-provider "gcp", which Kubernetes removed in version 1.26.
          {client-key-data: LS0tLS1CRUdJTiBY} | KUBECONFIG | the user "ana" in /home/ana/.kube/config has a client-key but no client-certificate.
          {tokenFile: gone} | KUBECONFIG | tokenFile /home/ana/.kube/gone of "ana" in /home/ana/.kube/config cannot be read: no such file.
          """)
  void methodThatCannotBeUsedIsNamed(String user, ErrorCode code, String message) {
    KtdException failure = failureOf(user);

    assertThat(failure).hasMessage(message);
    assertThat(failure.code()).isEqualTo(code);
    assertThat(failure.hint()).isNotBlank();
  }

  private KtdException failureOf(String user) {
    return catchThrowableOfType(KtdException.class, () -> credentials(user).current());
  }

  private Credentials credentials(String user) {
    return of(files.context("{server: https://x}", user));
  }

  private Credentials of(KubeContext context) {
    return Credentials.of(context, files, plugin, () -> now);
  }

  private static String token(String token, @Nullable Instant expires) {
    Map<String, Object> status =
        expires == null
            ? Map.of("token", token)
            : Map.of("token", token, "expirationTimestamp", expires.toString());
    return JsonMapper.builder()
        .build()
        .writeValueAsString(Map.of("apiVersion", V1, "kind", "ExecCredential", "status", status));
  }
}
