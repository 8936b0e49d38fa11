package dev.ktd.ssh;

import java.security.KeyPair;

/**
 * The two ECDSA P-256 key pairs of one session, never written to this machine's disk: the host key
 * goes into the session's Secret and is pinned, the user key stays in memory.
 *
 * @param host the proxy's sshd proves itself with it
 * @param user we log in with it
 */
@SuppressWarnings("DoNotCallSuggester")
public record SessionKeys(KeyPair host, KeyPair user) {
  /** Fresh pairs. */
  public static SessionKeys generate() {
    throw new UnsupportedOperationException("not yet");
  }

  /**
   * The private host key in OpenSSH's own format (unencrypted), as sshd's HostKey file wants it.
   */
  public String hostKeyFile() {
    throw new UnsupportedOperationException("not yet");
  }

  /**
   * The line that lets the user key in, with a newline: {@code ecdsa-sha2-nistp256 AAAA... ktd}.
   */
  public String authorizedKeys() {
    throw new UnsupportedOperationException("not yet");
  }

  /** Without keys. */
  @Override
  public String toString() {
    return "SessionKeys";
  }
}
