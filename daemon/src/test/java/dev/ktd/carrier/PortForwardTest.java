package dev.ktd.carrier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The SPDY port-forward against a server that speaks it by Netty's own codec. */
final class PortForwardTest extends ForwardRig {
  private static TestPki pki;

  @BeforeAll
  static void makeCertificates(@TempDir Path folder) throws Exception {
    pki = new TestPki(folder);
  }

  @Test
  void bytesComeBackAsTheyWent() throws Exception {
    Ear ear = open(plain(), "echo");
    echoes(ear, 20_000_000);
    assertThat(server.seen)
        .contains(
            "POST /base/api/v1/namespaces/team/pods/echo/portforward",
            "host 127.0.0.1:" + server.port(),
            "authorization Bearer t0k3n",
            "stream 1 error port 2222 fin",
            "stream 3 data port 2222");
    assertThat(ear.closings).isEqualTo(1);
  }

  @Test
  void literalIpv6AddressIsReached() throws Exception {
    ForwardServer six = new ForwardServer(serverGroup, InetAddress.ofLiteral("::1"), null);
    echoes(open(api("http://[::1]:" + six.port()), "echo"), 100_000);
    assertThat(six.seen).contains("host [::1]:" + six.port());
  }

  @Test
  void forbiddenSaysWhatTheServerSaid() throws Exception {
    KtdException why = get(open(plain(), "forbidden").closed);
    assertThat(why.code()).isEqualTo(ErrorCode.FORBIDDEN);
    assertThat(why)
        .hasMessageContaining("pods \"forbidden\" is forbidden: no create on pods/portforward");
  }

  @Test
  void unknownCredentialsAreTold() throws Exception {
    assertThat(get(open(plain(), "unauthorized").closed).code()).isEqualTo(ErrorCode.CREDENTIALS);
  }

  @Test
  void missingPodIsTheProxysTrouble() throws Exception {
    KtdException why = get(open(plain(), "gone").closed);
    assertThat(why.code()).isEqualTo(ErrorCode.PROXY);
    assertThat(why).hasMessageContaining("pods \"gone\" not found");
  }

  @Test
  void textOfTheErrorStreamIsTheReason() throws Exception {
    KtdException why = get(open(plain(), "refused").closed);
    assertThat(why.code()).isEqualTo(ErrorCode.PROXY);
    assertThat(why).hasMessageContaining("127.0.0.1:2222: connection refused");
  }

  @Test
  void resetStreamEndsIt() throws Exception {
    assertThat(get(open(plain(), "rst").closed)).hasMessageContaining("stream reset");
  }

  @Test
  void goAwayEndsIt() throws Exception {
    assertThat(get(open(plain(), "goaway").closed)).hasMessageContaining("goes away");
  }

  @Test
  void pingIsAnswered() throws Exception {
    Ear ear = open(plain(), "pings");
    get(ear.ready);
    until(() -> ear.text.contains("after pong"));
    assertThat(ear.text).isEqualTo("after pong");
    assertThat(server.seen).contains("pong 2");
  }

  @Test
  void framesOfAnotherVersionAreNotBelieved() throws Exception {
    KtdException why = get(open(plain(), "nonsense").closed);
    assertThat(why.code()).isEqualTo(ErrorCode.TUNNEL);
    assertThat(why).hasMessageContaining("SPDY version");
  }

  @Test
  void connectionThatEndsBeforeTheAnswerIsTold() throws Exception {
    assertThat(get(open(plain(), "silent").closed)).hasMessageContaining("before the port-forward");
  }

  @Test
  void refusedConnectionIsUnreachable() throws Exception {
    int port;
    try (ServerSocket nobody = new ServerSocket(0)) {
      port = nobody.getLocalPort();
    }
    KtdException why = get(open(api("http://127.0.0.1:" + port), "echo").closed);
    assertThat(why.code()).isEqualTo(ErrorCode.UNREACHABLE);
    assertThat(why).hasMessageContaining("connection refused");
  }

  @Test
  void failingTokenIsACredentialsError() throws Exception {
    Supplier<@Nullable String> broken =
        () -> {
          throw new IllegalStateException("plug-in says no");
        };
    ApiServer api = new ApiServer(plain().uri(), null, null, null, broken, false, null, null);
    KtdException why = get(open(api, "echo").closed);
    assertThat(why.code()).isEqualTo(ErrorCode.CREDENTIALS);
    assertThat(why).hasMessageContaining("plug-in says no");
  }

  @Test
  void headersOfTheKubeconfigGoAlongButTakeNoPlace() throws Exception {
    Map<String, List<String>> headers =
        Map.of(
            "Authorization", List.of("Basic YW5hOnB3"),
            "Impersonate-Group", List.of("team", "oncall"),
            "Upgrade", List.of("websocket"));
    ApiServer api =
        new ApiServer(
            plain().uri(), null, null, null, () -> null, () -> {}, false, null, null, headers);
    echoes(open(api, "echo"), 1000);
    assertThat(server.seen)
        .contains("authorization Basic YW5hOnB3", "groups [team, oncall]", "upgrade [SPDY/3.1]");
    assertThat(api).asString().doesNotContain("YW5hOnB3");
  }

  /** One connection through an HTTP proxy; tells what it was asked. */
  private static void relayOnce(ServerSocket proxy, CompletableFuture<String> asked)
      throws IOException {
    try (Socket client = proxy.accept()) {
      StringBuilder head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        head.append((char) client.getInputStream().read());
      }
      asked.complete(head.toString());
      String[] target = head.toString().split("[ :]", 4);
      try (Socket server = new Socket(target[1], Integer.parseInt(target[2]))) {
        client.getOutputStream().write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.UTF_8));
        Thread.ofVirtual().start(() -> copy(server, client));
        copy(client, server);
      }
    }
  }

  private static void copy(Socket from, Socket to) {
    try {
      from.getInputStream().transferTo(to.getOutputStream());
    } catch (IOException _) {
      // One of the two went away, as the test makes it do.
    }
  }

  @Test
  void proxyIsAskedForTheApiServer() throws Exception {
    try (ServerSocket proxy = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      CompletableFuture<String> asked = new CompletableFuture<>();
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  relayOnce(proxy, asked);
                } catch (IOException e) {
                  asked.completeExceptionally(e);
                }
              });
      URI uri = URI.create("http://ana:s3cr3t@127.0.0.1:" + proxy.getLocalPort());
      ApiServer api = new ApiServer(plain().uri(), null, null, null, () -> null, false, null, uri);
      echoes(open(api, "echo"), 100_000);
      assertThat(get(asked))
          .startsWith("CONNECT 127.0.0.1:" + server.port() + " HTTP/1.1\r\n")
          .containsIgnoringCase("proxy-authorization: Basic YW5hOnMzY3IzdA==");
    }
  }

  @Test
  void passwordOfTheProxyIsNotTold() throws Exception {
    URI proxy = URI.create("http://ana:s3cr3t@no-such-host.invalid:3128");
    ApiServer api = new ApiServer(plain().uri(), null, null, null, () -> null, false, null, proxy);
    KtdException why = get(open(api, "echo").closed);
    assertThat(why.code()).isEqualTo(ErrorCode.UNREACHABLE);
    assertThat(why).hasMessage("the name no-such-host.invalid of the proxy cannot be resolved");
  }

  @Test
  void closeWhileOpeningIsTheOnlyAnswer() throws Exception {
    Ear ear = new Ear();
    ApiServer api = plain();
    // In one task of the loop, so that no answer can come in between.
    loop.submit(() -> new PortForward(api, "team", "echo", 2222, memory).open(loop, ear).close())
        .sync();
    assertThat(get(ear.closed).code()).isEqualTo(ErrorCode.NOT_CONNECTED);
    assertThat(ear.ready).isNotDone();
  }

  private ForwardServer secure(ClientAuth clients) throws Exception {
    SslContext tls =
        SslContextBuilder.forServer(pki.key("server"), pki.certificate("server"))
            .trustManager(pki.certificate("ca"))
            .clientAuth(clients)
            .build();
    return new ForwardServer(serverGroup, InetAddress.ofLiteral("127.0.0.1"), tls);
  }

  private static ApiServer tls(
      ForwardServer to, @Nullable String ca, boolean skip, @Nullable String serverName) {
    URI uri = URI.create("https://127.0.0.1:" + to.port());
    return new ApiServer(uri, ca, null, null, () -> null, skip, serverName, null);
  }

  @Test
  void ownAuthorityIsTrusted() throws Exception {
    ForwardServer to = secure(ClientAuth.NONE);
    echoes(open(tls(to, pki.certificatePem("ca"), false, null), "echo"), 5_000_000);
    assertThat(to.seen).contains("authorization null");
  }

  @Test
  void otherAuthorityIsNotTrusted() throws Exception {
    ForwardServer to = secure(ClientAuth.NONE);
    KtdException why =
        get(open(tls(to, pki.certificatePem("stranger"), false, null), "echo").closed);
    assertThat(why.code()).isEqualTo(ErrorCode.UNREACHABLE);
    assertThat(why).hasMessageContaining("is not trusted");
    assertThat(to.seen).noneMatch(line -> line.startsWith("POST"));
  }

  @Test
  void skippedVerificationTrustsAnybody() throws Exception {
    echoes(
        open(tls(secure(ClientAuth.NONE), pki.certificatePem("stranger"), true, null), "echo"),
        100_000);
  }

  @Test
  void nameOfTheCertificateIsChecked() throws Exception {
    ForwardServer to = secure(ClientAuth.NONE);
    String ca = pki.certificatePem("ca");
    assertThat(get(open(tls(to, ca, false, "elsewhere.test"), "echo").closed))
        .hasMessageContaining("is not trusted");
    echoes(open(tls(to, ca, false, "api.test"), "echo"), 100_000);
  }

  @Test
  void clientCertificateIsShown() throws Exception {
    ForwardServer to = secure(ClientAuth.REQUIRE);
    ApiServer api =
        new ApiServer(
            URI.create("https://127.0.0.1:" + to.port()),
            pki.certificatePem("ca"),
            pki.certificatePem("client"),
            TestPki.pem("PRIVATE KEY", pki.key("client").getEncoded()),
            () -> null,
            false,
            null,
            null);
    echoes(open(api, "echo"), 100_000);
    assertThat(get(open(tls(to, pki.certificatePem("ca"), false, null), "echo").closed).code())
        .isEqualTo(ErrorCode.UNREACHABLE);
  }

  @Test
  void unreadableAuthorityIsTheKubeconfigsTrouble() throws Exception {
    ApiServer api = tls(secure(ClientAuth.NONE), "not PEM at all", false, null);
    assertThat(get(open(api, "echo").closed).code()).isEqualTo(ErrorCode.KUBECONFIG);
  }
}
