package dev.ktd.ssh;

import java.security.KeyPair;
import java.security.PublicKey;
import java.time.Duration;

/**
 * What an {@link SshTransport} needs to know of the other end.
 *
 * @param user name to log in as
 * @param hostKey the only key the server may show
 * @param userKey what we log in with
 * @param authenticationTimeout from an open carrier to a usable transport
 * @param openTimeout how long the far side may take to open a flow (OpenSSH itself waits for the
 *     kernel's two minutes)
 * @param rekeyBytes new keys after so many bytes in one direction
 */
public record SshSettings(
    String user,
    PublicKey hostKey,
    KeyPair userKey,
    Duration authenticationTimeout,
    Duration openTimeout,
    long rekeyBytes) {

  /** The proxy pod's user and the usual limits: 20 s, 30 s, 60 GiB. */
  public static SshSettings ofProxy(PublicKey hostKey, KeyPair userKey) {
    return new SshSettings(
        "ktd", hostKey, userKey, Duration.ofSeconds(20), Duration.ofSeconds(30), 60L << 30);
  }

  /** Without keys. */
  @Override
  public String toString() {
    return "SshSettings[" + user + "]";
  }
}
