package dev.ktd.k8s;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ktd.carrier.ConnectProxy;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ClusterTest {
  private final FakeApiServer server = new FakeApiServer();

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void connectedClusterKnowsVersionAndCaller() {
    Cluster cluster = server.connect();

    assertThat(cluster.version()).isEqualTo("1.34");
    assertThat(cluster.userName()).isEqualTo("ana@example.com");
    assertThat(cluster.namespace()).isEqualTo("shop");
    assertThat(server.requests().getFirst().getHeader("Authorization")).isEqualTo("Bearer abc");
  }

  @Test
  void oldServerLeavesTheKubeconfigsUserName() {
    server.refuse("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", 404, "not found");

    assertThat(server.connect().userName()).isEqualTo("ana");
  }

  @Test
  void apiAccessHasWhatAConnectionNeedsAndShowsNoSecret() {
    ApiAccess access = server.connect("{token: s3cret, as: bob, as-groups: [x, y]}").apiAccess();

    assertThat(access.uri()).hasToString(server.url());
    assertThat(access.bearerToken().get()).isEqualTo("s3cret");
    assertThat(access.headers()).containsEntry("Impersonate-Group", List.of("x", "y"));
    assertThat(access.toString()).doesNotContain("s3cret").doesNotContain("bob");
  }

  @Test
  void impersonationHoldsForOurOwnRequests() {
    server.connect("{token: abc, as: bob, as-groups: [x]}");

    assertThat(server.requests().getFirst().getHeader("Impersonate-User")).isEqualTo("bob");
    assertThat(server.requests().getFirst().getHeader("Impersonate-Group")).isEqualTo("x");
  }

  @Test
  void basicAuthenticationIsSent() {
    Cluster cluster = server.connect("{username: ana, password: pw}");

    assertThat(server.requests().getFirst().getHeader("Authorization")).isEqualTo("Basic YW5hOnB3");
    assertThat(cluster.apiAccess().bearerToken().get()).isNull();
  }

  @Test
  void refusedCredentialsAreNamed() {
    server.refuse("GET", "/version", 401, "Unauthorized");

    KtdException failure = catchThrowableOfType(KtdException.class, server::connect);

    assertThat(failure.code()).isEqualTo(ErrorCode.CREDENTIALS);
    assertThat(failure)
        .hasMessage(
            "the API server "
                + server.url()
                + " of the context \"dev\" does not accept the credentials of the user \"ana\":"
                + " Unauthorized.");
    assertThat(failure.hint())
        .isEqualTo("Renew the credentials of the user \"ana\" in /home/ana/.kube/config.");
  }

  @Test
  void forbiddenSaysWhoMayNotDoWhatWhere() {
    assertThat(
            ApiErrors.forbidden(
                "jobs.batch is forbidden: User \"ana@example.com\" cannot create resource \"jobs\""
                    + " in API group \"batch\" in the namespace \"shop\""))
        .isEqualTo("ana@example.com may not create jobs.batch in namespace shop.");
    assertThat(
            ApiErrors.forbidden(
                "nodes is forbidden: User \"ana\" cannot list resource \"nodes\" in API group \"\""
                    + " at the cluster scope"))
        .isEqualTo("ana may not list nodes in the whole cluster.");
    assertThat(ApiErrors.forbidden("no")).isEqualTo("no.");
  }

  @Test
  void refusedConnectionIsUnreachable() throws IOException {
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }

    assertThat(unreachable("{server: 'http://127.0.0.1:" + port + "'}"))
        .hasMessage(
            "the API server http://127.0.0.1:"
                + port
                + " of the context \"dev\" cannot be reached: connection refused.");
  }

  @Test
  void refusedIpv6ConnectionIsUnreachable() throws IOException {
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.ofLiteral("::1"))) {
      port = socket.getLocalPort();
    }

    assertThat(unreachable("{server: 'https://[::1]:" + port + "'}"))
        .hasMessage(
            "the API server https://[::1]:"
                + port
                + " of the context \"dev\" cannot be reached: connection refused.");
  }

  @Test
  void silentServerTimesOut() throws IOException {
    try (var socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      assertThat(
              unreachable(
                  "{server: 'http://127.0.0.1:" + socket.getLocalPort() + "'}",
                  Duration.ofMillis(300)))
          .hasMessageEndingWith("cannot be reached: timed out.");
    }
  }

  @Test
  void unknownNameIsUnreachable() {
    assertThat(unreachable("{server: 'https://api.invalid:6443'}"))
        .hasMessageEndingWith("cannot be reached: the name api.invalid is not known to DNS.");
  }

  @Test
  void certificateOfAnUnknownAuthorityIsNotTrusted() {
    try (var tls = new FakeApiServer(true)) {
      KtdException failure = unreachable("{server: '" + tls.url() + "'}");

      assertThat(failure)
          .hasMessageEndingWith(
              "cannot be reached: its certificate is not signed by an authority that the kubeconfig"
                  + " trusts.");
      assertThat(failure.hint())
          .isEqualTo("Correct certificate-authority in /home/ana/.kube/config.");
    }
  }

  @Test
  void authorityOfTheKubeconfigIsTrustedAndAClientCertificateShown() {
    try (var tls = new FakeApiServer(true)) {
      var files =
          new Kubeconfigs()
              .with("ca.crt", tls.certificatePem())
              .with("ana.crt", tls.certificatePem())
              .with("ana.key", tls.keyPem());
      KubeContext context =
          files.context(
              "{server: '" + tls.url() + "', certificate-authority: ca.crt}",
              "{client-certificate: ana.crt, client-key: ana.key}");

      Cluster cluster = tls.connect(context, files);

      assertThat(cluster.version()).isEqualTo("1.34");
      assertThat(cluster.apiAccess().clientKeyPem()).isEqualTo(tls.keyPem().strip());
    }
  }

  @Test
  void otherServerNameIsRefused() {
    try (var tls = new FakeApiServer(true)) {
      var files = new Kubeconfigs().with("ca.crt", tls.certificatePem());

      KtdException failure =
          unreachable(
              files,
              "{server: '"
                  + tls.url()
                  + "', certificate-authority: ca.crt, tls-server-name: other}",
              Duration.ofSeconds(20));

      assertThat(failure)
          .hasMessageEndingWith("cannot be reached: its certificate is for another name.");
    }
  }

  @Test
  void verificationCanBeSkipped() {
    try (var tls = new FakeApiServer(true)) {
      KubeContext context =
          new Kubeconfigs()
              .context(
                  "{server: '" + tls.url() + "', insecure-skip-tls-verify: true}", "{token: abc}");

      assertThat(tls.connect(context).version()).isEqualTo("1.34");
    }
  }

  @Test
  void plainServerDoesNotSpeakTls() {
    assertThat(unreachable("{server: '" + server.url().replace("http:", "https:") + "'}"))
        .hasMessageEndingWith("cannot be reached: it does not speak TLS.");
  }

  @Test
  void missingNamespaceListsSimilarOnes() {
    Cluster cluster = server.connect();
    for (String name : List.of("default", "kube-system", "shop-eu", "ship", "monitoring")) {
      cluster
          .client()
          .resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
          .create();
    }

    KtdException failure = catchThrowableOfType(KtdException.class, cluster::requireNamespace);

    assertThat(failure.code()).isEqualTo(ErrorCode.NAMESPACE);
    assertThat(failure)
        .hasMessage(
            "there is no namespace shop in the cluster of the context \"dev\"."
                + " Similar: ship, shop-eu.");
    assertThat(failure.hint()).isEqualTo("Perhaps:  ktd up --namespace ship");
  }

  @Test
  void namespaceOnItsWayOutIsNamed() {
    Cluster cluster = server.connect();
    cluster
        .client()
        .resource(
            new NamespaceBuilder()
                .withNewMetadata()
                .withName("shop")
                .endMetadata()
                .withNewStatus()
                .withPhase("Terminating")
                .endStatus()
                .build())
        .create();

    assertThat(catchThrowableOfType(KtdException.class, cluster::requireNamespace))
        .hasMessage("the namespace shop is being deleted.");
  }

  @Test
  void namespacesThatMayNotBeReadAreNotJudged() {
    server.refuse("GET", "/api/v1/namespaces.*", 403, "no");
    Cluster cluster = server.connect();

    assertThatCode(cluster::requireNamespace).doesNotThrowAnyException();
    assertThat(cluster.namespaces()).containsExactly("shop");
  }

  private static KtdException unreachable(String clusterEntry) {
    return unreachable(clusterEntry, Duration.ofSeconds(20));
  }

  @Test
  void proxyOfTheEnvironmentIsAskedWithItsPasswordAndToldToCarriers() throws Exception {
    try (FakeApiServer secure = new FakeApiServer(true);
        ConnectProxy proxy = new ConnectProxy()) {
      // The mock's own name would be excepted from proxies.
      int port = URI.create(secure.url()).getPort();
      try (Cluster cluster =
          by(proxy, "https://api.corp.test:" + port, ClientFactory.Limits.DEFAULT)) {
        assertThat(cluster.version()).isEqualTo("1.34");
        assertThat(cluster.proxy()).isEqualTo(proxy.uri());
        assertThat(cluster.apiAccess().proxy()).isEqualTo(proxy.uri());
      }
      assertThat(proxy.heads().getFirst())
          .startsWith("CONNECT api.corp.test:" + port + " HTTP/1.1\r\n")
          .containsIgnoringCase(ConnectProxy.AUTHORIZATION);
    }
  }

  /** What is in between may have forgotten it, and says so to nobody. */
  @Test
  void connectionThatNobodyUsedForAWhileIsClosed() throws Exception {
    var limits =
        new ClientFactory.Limits(
            Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofSeconds(1));
    try (FakeApiServer secure = new FakeApiServer(true);
        ConnectProxy proxy = new ConnectProxy();
        Cluster cluster =
            by(proxy, "https://api.corp.test:" + URI.create(secure.url()).getPort(), limits)) {
      int before = proxy.heads().size();
      long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      while (proxy.open() > 0 && System.nanoTime() < deadline) {
        Thread.onSpinWait();
      }
      assertThat(proxy.open()).isZero();

      cluster.namespaces();

      assertThat(proxy.heads()).hasSize(before + 1);
    }
  }

  private static Cluster by(ConnectProxy proxy, String server, ClientFactory.Limits limits) {
    Kubeconfigs files = new Kubeconfigs();
    KubeContext context =
        files.context("{server: '" + server + "', insecure-skip-tls-verify: true}", "{token: abc}");
    return Cluster.connect(
        context,
        files,
        new FakePlugin(),
        new ProxyVariables(proxy.uri().toString(), null, "elsewhere"),
        InstantSource.system(),
        limits);
  }

  private static KtdException unreachable(String clusterEntry, Duration answerLimit) {
    return unreachable(new Kubeconfigs(), clusterEntry, answerLimit);
  }

  private static KtdException unreachable(
      Kubeconfigs files, String clusterEntry, Duration answerLimit) {
    KubeContext context = files.context(clusterEntry, "{token: abc}");
    KtdException failure =
        catchThrowableOfType(
            KtdException.class,
            () ->
                Cluster.connect(
                    context,
                    files,
                    new FakePlugin(),
                    ProxyVariables.NONE,
                    InstantSource.system(),
                    new ClientFactory.Limits(
                        Duration.ofSeconds(5), answerLimit, Duration.ofSeconds(5))));
    assertThat(failure.code()).isEqualTo(ErrorCode.UNREACHABLE);
    assertThat(failure.hint()).isNotBlank();
    return failure;
  }
}
