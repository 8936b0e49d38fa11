package dev.ktd.ssh;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.forward.AcceptAllForwardingFilter;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;

/** Against MINA's own server, in this process. */
final class MinaServerTest extends TransportContract {
  private @Nullable SshServer server;

  @Override
  InetSocketAddress server() throws IOException {
    if (server == null) {
      SshServer made = SshServer.setUpDefaultServer();
      made.setHost("127.0.0.1");
      made.setKeyPairProvider(KeyPairProvider.wrap(List.of(KEYS.host())));
      made.setPublickeyAuthenticator(
          (user, key, session) -> KeyUtils.compareKeys(key, KEYS.user().getPublic()));
      made.setForwardingFilter(AcceptAllForwardingFilter.INSTANCE);
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

  @AfterEach
  void stopServer() throws IOException {
    if (server != null) {
      server.stop(true);
    }
  }
}
