package dev.ktd.ssh;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** Against the sshd that the proxy pod runs, on a high port of loopback; skipped without one. */
final class OpenSshTest extends TransportContract {
  private static final Path SSHD = Path.of("/usr/sbin/sshd");

  private static @Nullable Process sshd;
  private static @Nullable InetSocketAddress address;

  @BeforeAll
  static void startServer(@TempDir Path folder) throws IOException {
    Assumptions.assumeTrue(Files.isExecutable(SSHD), "no OpenSSH server here");
    if ("root".equals(System.getProperty("user.name"))) {
      Files.createDirectories(Path.of("/run/sshd"));
    }
    Path hostKey = folder.resolve("host_key");
    Files.writeString(hostKey, KEYS.hostKeyFile());
    Files.setPosixFilePermissions(hostKey, PosixFilePermissions.fromString("rw-------"));
    Path authorized = folder.resolve("authorized_keys");
    Files.writeString(authorized, KEYS.authorizedKeys());
    int port = Peers.nobody().getPort();
    Path config = folder.resolve("sshd_config");
    Files.writeString(
        config,
        """
        Port %d
        ListenAddress 127.0.0.1
        HostKey %s
        AuthorizedKeysFile %s
        PidFile none
        StrictModes no
        PermitRootLogin yes
        PasswordAuthentication no
        AllowTcpForwarding yes
        MaxSessions 10
        RekeyLimit 16M
        """
            .formatted(port, hostKey, authorized));
    Path log = folder.resolve("log");
    sshd =
        new ProcessBuilder(SSHD.toString(), "-D", "-e", "-f", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    Await.until("sshd listens", OpenSshTest::listens);
  }

  private static boolean listens() {
    try (Socket socket = new Socket()) {
      socket.connect(address);
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  @AfterAll
  static void stopServer() {
    if (sshd != null) {
      sshd.descendants().forEach(ProcessHandle::destroy);
      sshd.destroy();
    }
  }

  @Override
  InetSocketAddress server() {
    if (address == null) {
      throw new IllegalStateException("sshd was not started");
    }
    return address;
  }

  @Override
  String refusal() {
    return "REFUSED";
  }

  @Override
  String user() {
    return System.getProperty("user.name");
  }
}
