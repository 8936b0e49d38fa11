package dev.ktd.ssh;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyPairResourceWriter;

/**
 * The two ECDSA P-256 key pairs of one session, never written to this machine's disk: the host key
 * goes into the session's Secret and is pinned, the user key stays in memory.
 *
 * @param host the proxy's sshd proves itself with it
 * @param user we log in with it
 */
public record SessionKeys(KeyPair host, KeyPair user) {
  /** Fresh pairs. */
  public static SessionKeys generate() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return new SessionKeys(generator.generateKeyPair(), generator.generateKeyPair());
    } catch (GeneralSecurityException e) {
      throw broken(e);
    }
  }

  /**
   * The private host key in OpenSSH's own format (unencrypted), as sshd's HostKey file wants it.
   */
  public String hostKeyFile() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      OpenSSHKeyPairResourceWriter.INSTANCE.writePrivateKey(host, "ktd", null, out);
    } catch (IOException | GeneralSecurityException e) {
      throw broken(e);
    }
    return out.toString(StandardCharsets.US_ASCII);
  }

  /**
   * The line that lets the user key in, with a newline: {@code ecdsa-sha2-nistp256 AAAA... ktd}.
   */
  public String authorizedKeys() {
    return PublicKeyEntry.toString(user.getPublic()) + " ktd\n";
  }

  private static KtdException broken(Exception cause) {
    return new KtdException(
        ErrorCode.INTERNAL, "no SSH keys can be made: " + cause.getMessage(), null, cause);
  }

  /** Without keys. */
  @Override
  public String toString() {
    return "SessionKeys";
  }
}
