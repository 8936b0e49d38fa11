package dev.ktd.ssh;

import java.time.Duration;
import org.apache.sshd.common.cipher.BuiltinCiphers;
import org.apache.sshd.common.cipher.Cipher;

/**
 * Has AES-GCM compiled before a session's first bytes need it. The JVM has machine instructions for
 * GHASH only where C2 compiled the caller; until then each 16 bytes are 128 steps of ordinary Java.
 * Without this the first 150 MB each way went at a quarter of the speed, about five seconds.
 *
 * <p>Many small packets: the compiler counts calls, and bytes are what takes time before. Costs 0.3
 * s of one processor.
 */
public final class CipherWarmUp {
  private static final int PACKETS = 2_000;
  private static final int BYTES = 512;
  private static final int AAD_BYTES = 4;

  private CipherWarmUp() {}

  /** Any thread; returns early when that is interrupted. Says how long it took. */
  public static Duration run() throws Exception {
    long start = System.nanoTime();
    int _ = packets(PACKETS);
    return Duration.ofNanos(System.nanoTime() - start);
  }

  /** Encrypts and decrypts at most so many; says how many it did. */
  static int packets(int most) throws Exception {
    Cipher sender = cipher(Cipher.Mode.Encrypt);
    Cipher receiver = cipher(Cipher.Mode.Decrypt);
    byte[] packet = new byte[AAD_BYTES + BYTES + sender.getAuthenticationTagSize()];
    int done = 0;
    while (done < most && !Thread.currentThread().isInterrupted()) {
      sender.updateWithAAD(packet, 0, AAD_BYTES, BYTES);
      receiver.updateWithAAD(packet, 0, AAD_BYTES, BYTES);
      done++;
    }
    return done;
  }

  /** As sessions have them, but that nothing is secret here. */
  private static Cipher cipher(Cipher.Mode mode) throws Exception {
    Cipher cipher = BuiltinCiphers.aes128gcm.create();
    cipher.init(mode, new byte[cipher.getKdfSize()], new byte[cipher.getIVSize()]);
    return cipher;
  }
}
