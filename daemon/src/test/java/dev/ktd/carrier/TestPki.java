package dev.ktd.carrier;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** A certificate authority, made by the JDK's keytool for one run. */
final class TestPki {
  private static final String PASSWORD = "only-for-this-run";

  private final Path store;
  private final KeyStore keys;

  TestPki(Path folder) throws IOException, InterruptedException, GeneralSecurityException {
    store = folder.resolve("pki.p12");
    keytool("ca", "CN=test CA", "-ext", "bc:c=ca:true");
    keytool(
        "server",
        "CN=api",
        "-signer",
        "ca",
        "-ext",
        "san=dns:api.test,ip:127.0.0.1,ip:0:0:0:0:0:0:0:1");
    keytool("client", "CN=ana", "-signer", "ca");
    keytool("stranger", "CN=other CA", "-ext", "bc:c=ca:true");
    keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD.toCharArray());
    }
  }

  private void keytool(String alias, String name, String... more)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                alias,
                "-dname",
                name,
                "-keyalg",
                "RSA",
                "-keysize",
                "2048",
                "-validity",
                "2",
                "-keystore",
                store.toString(),
                "-storepass",
                PASSWORD));
    command.addAll(List.of(more));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(said);
    }
  }

  PrivateKey key(String alias) throws GeneralSecurityException {
    return (PrivateKey) keys.getKey(alias, PASSWORD.toCharArray());
  }

  X509Certificate certificate(String alias) throws GeneralSecurityException {
    return (X509Certificate) keys.getCertificate(alias);
  }

  String certificatePem(String alias) throws GeneralSecurityException {
    return pem("CERTIFICATE", certificate(alias).getEncoded());
  }

  static String pem(String kind, byte[] der) {
    return "-----BEGIN "
        + kind
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
        + "\n-----END "
        + kind
        + "-----\n";
  }
}
