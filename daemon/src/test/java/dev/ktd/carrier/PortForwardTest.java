package dev.ktd.carrier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

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

  /** The token of one plug-in, and how often it was told to forget it. */
  private static final class Tokens {
    private final AtomicInteger forgotten = new AtomicInteger();
    private final List<String> tokens;

    private Tokens(String... tokens) {
      this.tokens = List.of(tokens);
    }

    private ApiServer of(URI uri) {
      return new ApiServer(
          uri,
          null,
          null,
          null,
          () -> tokens.get(Math.min(forgotten.get(), tokens.size() - 1)),
          forgotten::incrementAndGet,
          false,
          null,
          null,
          Map.of());
    }
  }

  @Test
  void refusedTokenIsAskedForAnewAndTheOpeningRepeated() throws Exception {
    server.tokens.add("fresh");
    Tokens plugin = new Tokens("stale", "fresh");
    echoes(open(plugin.of(plain().uri()), "echo"), 1000);
    assertThat(plugin.forgotten).hasValue(1);
    assertThat(server.seen.stream().filter(line -> line.startsWith("authorization")))
        .containsExactly("authorization Bearer stale", "authorization Bearer fresh");
  }

  @Test
  void tokenIsAskedForAnewOnlyOnce() throws Exception {
    server.tokens.add("other");
    Tokens plugin = new Tokens("stale", "stale too", "other");
    KtdException why = get(open(plugin.of(plain().uri()), "echo").closed);
    assertThat(why.code()).isEqualTo(ErrorCode.CREDENTIALS);
    assertThat(plugin.forgotten).hasValue(1);
  }

  @Test
  void tokenThatStaysTheSameIsNotShownAgain() throws Exception {
    server.tokens.add("other");
    Tokens plugin = new Tokens("stale");
    KtdException why = get(open(plugin.of(plain().uri()), "echo").closed);
    assertThat(why.code()).isEqualTo(ErrorCode.CREDENTIALS);
    assertThat(server.seen.stream().filter(line -> line.startsWith("POST"))).hasSize(1);
    assertThat(plugin.forgotten).hasValue(1);
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

  /** Reads one request, and answers with these bytes and the end of the connection. */
  private static ApiServer answering(byte[] answer) throws IOException {
    ServerSocket listening = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"));
    Thread.ofVirtual()
        .start(
            () -> {
              try (listening;
                  Socket client = listening.accept()) {
                InputStream in = client.getInputStream();
                int last = 0;
                for (int read = 0; read >= 0 && last != 0x0d0a0d0a; ) {
                  read = in.read();
                  last = last << 8 | read;
                }
                client.getOutputStream().write(answer);
                client.shutdownOutput();
                in.transferTo(OutputStream.nullOutputStream());
              } catch (IOException _) {
                // The client has read enough.
              }
            });
    return api("http://127.0.0.1:" + listening.getLocalPort());
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Test
  void bytesRightBehindTheAnswerAreTheStreams() throws Exception {
    byte[] head = ascii("HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\n\r\n");
    byte[] frame = {0, 0, 0, 3, 0, 0, 0, 5, 'e', 'a', 'r', 'l', 'y'};
    byte[] both = Arrays.copyOf(head, head.length + frame.length);
    System.arraycopy(frame, 0, both, head.length, frame.length);
    Ear ear = open(answering(both), "echo");
    get(ear.closed);
    assertThat(ear.text).isEqualTo("early");
    assertThat(ear.beforeReady).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"chunked", "of a length", "cut off"})
  void statusOfARefusalCountsHoweverLongItsBodyIs(String kind) throws Exception {
    String text = "<html>" + "long ".repeat(40_000);
    String answer =
        "HTTP/1.1 401 Unauthorized\r\n"
            + switch (kind) {
              case "chunked" -> {
                String chunk = "%x\r\n%s\r\n".formatted(text.length(), text);
                yield "Transfer-Encoding: chunked\r\n\r\n" + chunk + "0\r\n\r\n";
              }
              case "of a length" -> "Content-Length: " + text.length() + "\r\n\r\n" + text;
              default -> "Content-Length: " + text.length() + "\r\n\r\n<html>";
            };
    KtdException why = get(open(answering(ascii(answer)), "echo").closed);
    assertThat(why.code()).isEqualTo(ErrorCode.CREDENTIALS);
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

  private ApiServer through(ConnectProxy proxy) {
    URI uri = proxy.uri();
    return new ApiServer(plain().uri(), null, null, null, () -> null, false, null, uri);
  }

  @Test
  void proxyIsAskedForTheApiServer() throws Exception {
    try (ConnectProxy proxy = new ConnectProxy()) {
      echoes(open(through(proxy), "echo"), 100_000);
      assertThat(proxy.heads()).hasSize(1);
      assertThat(proxy.heads().getFirst())
          .startsWith("CONNECT 127.0.0.1:" + server.port() + " HTTP/1.1\r\n")
          .containsIgnoringCase(ConnectProxy.AUTHORIZATION);
    }
  }

  @Test
  void proxyThatWantsAnotherPasswordIsToldApartFromTheServer() throws Exception {
    try (ConnectProxy proxy = new ConnectProxy("HTTP/1.1 407 Proxy Authentication Required")) {
      KtdException why = get(open(through(proxy), "echo").closed);
      assertThat(why.code()).isEqualTo(ErrorCode.UNREACHABLE);
      assertThat(why)
          .hasMessageContaining("the proxy 127.0.0.1:")
          .hasMessageContaining("407")
          .hasMessageNotContaining("ret");
      // Another protocol would meet the same.
      assertThat(proxy.heads()).hasSize(1);
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
  void boringSslLoadsHere() {
    assertThat(OpenSsl.unavailabilityCause()).isNull();
  }

  private Ear open(ApiServer api, SslProvider engine) {
    Ear ear = new Ear();
    new PortForward(api, "team", "echo", 2222, memory, engine).open(loop, ear);
    return ear;
  }

  static Stream<Arguments> enginesAndProtocols() {
    return Stream.of(SslProvider.OPENSSL, SslProvider.JDK)
        .flatMap(
            engine ->
                Stream.of(ForwardProtocol.values())
                    .map(protocol -> Arguments.of(engine, protocol)));
  }

  @ParameterizedTest
  @MethodSource("enginesAndProtocols")
  void bothEnginesCarryAllProtocols(SslProvider engine, ForwardProtocol protocol) throws Exception {
    ForwardServer to = secure(ClientAuth.REQUIRE);
    for (ForwardProtocol other : ForwardProtocol.values()) {
      if (other != protocol) {
        to.rules.put(other, "502");
      }
    }
    Ear ear = open(withCertificate(to), engine);
    assertThat(get(ear.ready).protocol()).isEqualTo(protocol.toString());
    echoes(ear, 1_000_000);
  }

  @ParameterizedTest
  @EnumSource(names = {"OPENSSL", "JDK"})
  void bothEnginesRefuseStrangersAndOtherNames(SslProvider engine) throws Exception {
    ForwardServer to = secure(ClientAuth.NONE);
    ApiServer stranger = tls(to, pki.certificatePem("stranger"), false, null);
    assertThat(get(open(stranger, engine).closed)).hasMessageContaining("is not trusted");
    ApiServer elsewhere = tls(to, pki.certificatePem("ca"), false, "elsewhere.test");
    assertThat(get(open(elsewhere, engine).closed)).hasMessageContaining("is not trusted");
    echoes(open(tls(to, pki.certificatePem("ca"), false, "api.test"), engine), 1000);
    echoes(open(tls(to, pki.certificatePem("stranger"), true, null), engine), 1000);
  }

  @ParameterizedTest
  @EnumSource(names = {"OPENSSL", "JDK"})
  void missingClientCertificateIsNoReasonForAnotherProtocol(SslProvider engine) throws Exception {
    ForwardServer to = secure(ClientAuth.REQUIRE);
    KtdException why = get(open(tls(to, pki.certificatePem("ca"), false, null), engine).closed);
    assertThat(why.code()).isEqualTo(ErrorCode.UNREACHABLE);
    assertThat(to.seen).noneMatch(line -> line.startsWith("protocol"));
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

  private static ApiServer withCertificate(ForwardServer to) throws Exception {
    return new ApiServer(
        URI.create("https://127.0.0.1:" + to.port()),
        pki.certificatePem("ca"),
        pki.certificatePem("client"),
        TestPki.pem("PRIVATE KEY", pki.key("client").getEncoded()),
        () -> null,
        false,
        null,
        null);
  }

  @Test
  void clientCertificateIsShown() throws Exception {
    ForwardServer to = secure(ClientAuth.REQUIRE);
    ApiServer api = withCertificate(to);
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
