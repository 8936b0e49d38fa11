package dev.ktd.carrier;

import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What the daemon and the agent of one session know, and nobody else: 32 random bytes, the key of
 * the carrier protocol's proofs (docs/carrier-protocol.md). It never travels over a carrier, and is
 * in no message and no log.
 */
public final class SessionSecret {
  /** Length in bytes. */
  public static final int LENGTH = 32;

  private static final String HMAC = "HmacSHA256";

  private final SecretKeySpec key;

  /**
   * @param bytes {@value #LENGTH} bytes, which are copied
   * @throws IllegalArgumentException if their number is another
   */
  SessionSecret(byte[] bytes) {
    if (bytes.length != LENGTH) {
      throw new IllegalArgumentException(bytes.length + " bytes");
    }
    key = new SecretKeySpec(bytes, HMAC);
  }

  /** A new one. */
  public static SessionSecret generate() {
    byte[] bytes = new byte[LENGTH];
    new SecureRandom().nextBytes(bytes);
    return new SessionSecret(bytes);
  }

  /** The bytes in base64, for the session's Secret in the cluster. Show it to nobody. */
  public String base64() {
    return Base64.getEncoder().encodeToString(key.getEncoded());
  }

  /** HMAC-SHA256 (RFC 2104) over the parts, one after the other: 32 bytes. */
  byte[] sign(byte[]... parts) {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(key);
      for (byte[] part : parts) {
        mac.update(part);
      }
      return mac.doFinal();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e); // every Java platform has it
    }
  }

  /** Without the secret. */
  @Override
  public String toString() {
    return "SessionSecret";
  }
}
