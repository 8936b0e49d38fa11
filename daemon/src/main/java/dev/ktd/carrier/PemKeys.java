package dev.ktd.carrier;

import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Private keys in the three PEM forms that kubeconfigs hold: PKCS #8 (RFC 5958), PKCS #1 (RSA, RFC
 * 8017 A.1.2) and SEC 1 (EC, RFC 5915). The JDK reads only the first, so the others are wrapped.
 */
final class PemKeys {
  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ((?:RSA |EC |ENCRYPTED )?PRIVATE KEY)-----([^-]*)-----END");

  /** SEQUENCE { OID rsaEncryption, NULL }. */
  private static final byte[] RSA = {
    0x30, 0x0d, 0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 1, 1, 1, 5, 0
  };

  /** OID id-ecPublicKey. */
  private static final byte[] EC = {0x06, 0x07, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 2, 1};

  private static final byte[] VERSION = {0x02, 0x01, 0x00};

  private PemKeys() {}

  /** The first private key of a PEM text. */
  static PrivateKey parse(String pem) throws GeneralSecurityException {
    Matcher block = BLOCK.matcher(pem);
    if (!block.find()) {
      throw new InvalidKeySpecException("no private key in the PEM text");
    }
    String kind = String.valueOf(block.group(1));
    String base64 = String.valueOf(block.group(2));
    if (kind.startsWith("ENCRYPTED") || base64.contains("Proc-Type")) {
      throw new InvalidKeySpecException("the private key is encrypted");
    }
    byte[] der;
    try {
      der = Base64.getMimeDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw new InvalidKeySpecException("the private key is not base64", e);
    }
    return switch (kind) {
      case "RSA PRIVATE KEY" -> key("RSA", wrap(RSA, der));
      case "EC PRIVATE KEY" -> key("EC", wrap(sequence(EC, curve(der)), der));
      default -> pkcs8(der);
    };
  }

  private static PrivateKey pkcs8(byte[] der) throws GeneralSecurityException {
    for (String algorithm : new String[] {"RSA", "EC", "EdDSA"}) {
      try {
        return key(algorithm, der);
      } catch (InvalidKeySpecException _) {
        // Another algorithm's key: the next may fit.
      }
    }
    throw new InvalidKeySpecException("the private key is neither RSA nor EC nor EdDSA");
  }

  private static PrivateKey key(String algorithm, byte[] pkcs8) throws GeneralSecurityException {
    return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
  }

  private static byte[] wrap(byte[] algorithm, byte[] key) {
    return sequence(VERSION, algorithm, tagged(0x04, key));
  }

  /** The named curve's OID, which RFC 5915 puts into [0] after the key's octets. */
  private static byte[] curve(byte[] der) throws GeneralSecurityException {
    for (int i = 0; i + 4 < der.length; i++) {
      boolean parameters = (der[i] & 0xff) == 0xa0 && der[i + 2] == 0x06;
      int length = der[i + 3];
      if (parameters && der[i + 1] == length + 2 && i + 4 + length <= der.length) {
        return Arrays.copyOfRange(der, i + 2, i + 4 + length);
      }
    }
    throw new InvalidKeySpecException("the EC private key names no curve");
  }

  private static byte[] sequence(byte[]... parts) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      body.writeBytes(part);
    }
    return tagged(0x30, body.toByteArray());
  }

  private static byte[] tagged(int tag, byte[] body) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(tag);
    if (body.length < 0x80) {
      out.write(body.length);
    } else if (body.length < 0x100) {
      out.write(0x81);
      out.write(body.length);
    } else {
      out.write(0x82);
      out.write(body.length >> 8);
      out.write(body.length);
    }
    out.writeBytes(body);
    return out.toByteArray();
  }
}
