package dev.ktd.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.error.ErrorCode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.sshd.common.NamedFactory;
import org.apache.sshd.common.cipher.BuiltinCiphers;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.kex.BuiltinDHFactories;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.signature.BuiltinSignatures;
import org.apache.sshd.common.util.net.SshdSocketAddress;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.ServerBuilder;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.forward.AcceptAllForwardingFilter;
import org.apache.sshd.server.forward.ForwardingFilter;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Against MINA's own server, in this process. */
final class MinaServerTest extends TransportContract {
  private @Nullable SshServer server;
  private Consumer<SshServer> settings = _ -> {};
  private final CountDownLatch mayOpen = new CountDownLatch(1);
  private volatile boolean opensWait;

  /** Lets an open wait, with all the server's session. */
  private final ForwardingFilter forwarding =
      new AcceptAllForwardingFilter() {
        @Override
        protected boolean checkAcceptance(
            String request, Session session, SshdSocketAddress target) {
          try {
            return !opensWait || mayOpen.await(20, TimeUnit.SECONDS);
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        }
      };

  @Override
  InetSocketAddress server() throws IOException {
    if (server == null) {
      SshServer made = SshServer.setUpDefaultServer();
      made.setHost("127.0.0.1");
      made.setKeyPairProvider(KeyPairProvider.wrap(List.of(KEYS.host())));
      made.setPublickeyAuthenticator(
          (user, key, session) -> KeyUtils.compareKeys(key, KEYS.user().getPublic()));
      made.setForwardingFilter(forwarding);
      CoreModuleProperties.REKEY_BYTES_LIMIT.set(made, 16L << 20);
      settings.accept(made);
      made.start();
      server = made;
    }
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getPort());
  }

  @Override
  String refusal() {
    // It has no text that tells.
    return "UNREACHABLE";
  }

  @Override
  String user() {
    return "ktd";
  }

  private void restart(Consumer<SshServer> with) throws IOException {
    stopServer();
    server = null;
    settings = with;
    server();
  }

  @Test
  void aServerWithOldCiphersOnlyIsRefused() throws Exception {
    restart(with -> with.setCipherFactories(List.of(BuiltinCiphers.aes128cbc)));
    refused("aes128-cbc");
  }

  @Test
  @SuppressWarnings("deprecation") // It is to be old.
  void aServerWithOldKeyExchangesOnlyIsRefused() throws Exception {
    restart(
        with ->
            with.setKeyExchangeFactories(
                NamedFactory.setUpTransformedFactories(
                    true, List.of(BuiltinDHFactories.dhg14), ServerBuilder.DH2KEX)));
    refused("diffie-hellman-group14-sha1");
  }

  @Test
  void aServerWithOldSignaturesOnlyIsRefused() throws Exception {
    KeyPairGenerator rsa = KeyPairGenerator.getInstance("RSA");
    rsa.initialize(2048);
    KeyPair old = rsa.generateKeyPair();
    restart(
        with -> {
          with.setKeyPairProvider(KeyPairProvider.wrap(List.of(old)));
          with.setSignatureFactories(List.of(BuiltinSignatures.rsa));
        });
    refused("ssh-rsa");
  }

  private void refused(String offered) {
    Fate fate = start(KEYS.host().getPublic(), 60L << 30);
    assertThat(fate.closed)
        .succeedsWithin(Duration.ofSeconds(20))
        .satisfies(
            why -> {
              assertThat(why.code()).isEqualTo(ErrorCode.TUNNEL);
              assertThat(why).hasMessageContaining("negotiate").hasMessageContaining(offered);
            });
  }

  @Test
  void anOpenThatIsAnsweredAfterItsTimeLeavesNoConnection() throws Exception {
    SshTransport transport =
        get(start(KEYS.host().getPublic(), 60L << 30, Duration.ofMillis(200)).ready);
    Set<Socket> accepted = ConcurrentHashMap.newKeySet();
    AtomicInteger ever = new AtomicInteger();
    InetSocketAddress held =
        peers.listen(
            socket -> {
              accepted.add(socket);
              ever.incrementAndGet();
              Peers.hold(socket);
              accepted.remove(socket);
            });
    opensWait = true;
    List<TestFlow> late = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      late.add(new TestFlow(loop, 0, false).dial(transport.dialer(), held));
    }
    for (TestFlow flow : late) {
      assertThat(get(flow.opened)).isEqualTo("TIMED_OUT");
    }
    assertThat(transport.openChannels()).isZero();
    opensWait = false;
    mayOpen.countDown();
    Await.until(
        "all were opened after all, and closed", () -> ever.get() == 5 && accepted.isEmpty());
    Await.until("no window is left", () -> transport.receiveBudget().channels() == 0);
  }

  @AfterEach
  void stopServer() throws IOException {
    if (server != null) {
      server.stop(true);
    }
  }
}
