package dev.ktd.carrier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Private keys as kubeconfigs hold them. */
final class PemKeysTest {
  private static KeyPair rsa() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    return generator.generateKeyPair();
  }

  private static KeyPair ec() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  @Test
  void pkcs8IsRead() throws Exception {
    KeyPair rsa = rsa();
    KeyPair ec = ec();
    assertThat(PemKeys.parse(TestPki.pem("PRIVATE KEY", rsa.getPrivate().getEncoded())))
        .isEqualTo(rsa.getPrivate());
    assertThat(PemKeys.parse(TestPki.pem("PRIVATE KEY", ec.getPrivate().getEncoded())))
        .isEqualTo(ec.getPrivate());
  }

  @Test
  void pkcs1IsRead() throws Exception {
    KeyPair rsa = rsa();
    byte[] pkcs8 = rsa.getPrivate().getEncoded();
    // SEQUENCE (4), version (3), algorithm (15), OCTET STRING (4) stand before the PKCS #1 key.
    byte[] pkcs1 = Arrays.copyOfRange(pkcs8, 26, pkcs8.length);
    assertThat(PemKeys.parse(TestPki.pem("RSA PRIVATE KEY", pkcs1))).isEqualTo(rsa.getPrivate());
  }

  @Test
  void sec1IsRead() throws Exception {
    KeyPair ec = ec();
    byte[] scalar = ((ECPrivateKey) ec.getPrivate()).getS().toByteArray();
    byte[] fixed = new byte[32];
    int n = Math.min(32, scalar.length);
    System.arraycopy(scalar, scalar.length - n, fixed, 32 - n, n);
    ByteArrayOutputStream der = new ByteArrayOutputStream();
    der.writeBytes(new byte[] {0x30, 49, 2, 1, 1, 4, 32});
    der.writeBytes(fixed);
    der.writeBytes(
        new byte[] {(byte) 0xa0, 10, 6, 8, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 3, 1, 7});
    PrivateKey read = PemKeys.parse(TestPki.pem("EC PRIVATE KEY", der.toByteArray()));
    assertThat(((ECPrivateKey) read).getS()).isEqualTo(((ECPrivateKey) ec.getPrivate()).getS());
  }

  @Test
  void encryptedKeyIsRefusedInWords() {
    assertThatThrownBy(() -> PemKeys.parse(TestPki.pem("ENCRYPTED PRIVATE KEY", new byte[40])))
        .hasMessageContaining("encrypted");
    assertThatThrownBy(() -> PemKeys.parse("nothing")).hasMessageContaining("no private key");
  }
}
