package dev.ktd.k8s;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Believes in the kubeconfig's certificate authority and in no other (fabric8 by itself would add
 * those of the Java runtime), and expects the kubeconfig's tls-server-name where there is one.
 */
final class ServerTrust extends X509ExtendedTrustManager {
  private static final int DNS_NAME = 2; // RFC 5280, section 4.2.1.6
  private static final int IP_ADDRESS = 7;

  private final X509ExtendedTrustManager authorities;
  private final @Nullable String serverName;

  private ServerTrust(X509ExtendedTrustManager authorities, @Nullable String serverName) {
    this.authorities = authorities;
    this.serverName = serverName;
  }

  /** From PEM, or from the runtime's own authorities for null. */
  static ServerTrust of(@Nullable String caPem, @Nullable String serverName)
      throws GeneralSecurityException {
    KeyStore store = null;
    if (caPem != null) {
      Collection<? extends Certificate> certificates =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(
                  new ByteArrayInputStream(caPem.getBytes(StandardCharsets.US_ASCII)));
      if (certificates.isEmpty()) {
        throw new CertificateException("no certificate");
      }
      store = KeyStore.getInstance("PKCS12");
      try {
        store.load(null, null);
      } catch (IOException e) {
        throw new GeneralSecurityException(e);
      }
      int number = 0;
      for (Certificate certificate : certificates) {
        store.setCertificateEntry("ca" + number++, certificate);
      }
    }
    var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    for (TrustManager manager : factory.getTrustManagers()) {
      if (manager instanceof X509ExtendedTrustManager extended) {
        return new ServerTrust(extended, serverName);
      }
    }
    throw new GeneralSecurityException("no X.509 trust manager");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    if (serverName == null) {
      authorities.checkServerTrusted(chain, authType, engine);
    } else {
      // Without the engine only the chain is checked, not the host of the connection.
      authorities.checkServerTrusted(chain, authType);
      requireName(chain[0], serverName);
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    if (serverName == null) {
      authorities.checkServerTrusted(chain, authType, socket);
    } else {
      authorities.checkServerTrusted(chain, authType);
      requireName(chain[0], serverName);
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    authorities.checkServerTrusted(chain, authType);
    if (serverName != null) {
      requireName(chain[0], serverName);
    }
  }

  private static void requireName(X509Certificate certificate, String wanted)
      throws CertificateException {
    Collection<List<?>> names = certificate.getSubjectAlternativeNames();
    if (names != null) {
      for (List<?> name : names) {
        if (matches((Integer) name.get(0), String.valueOf(name.get(1)), wanted)) {
          return;
        }
      }
    }
    throw new CertificateException("No subject alternative name matches tls-server-name " + wanted);
  }

  /** RFC 6125, section 6.4: a wildcard stands for exactly one label, the leftmost. */
  private static boolean matches(int type, String name, String wanted) {
    String lower = wanted.toLowerCase(Locale.ROOT);
    String pattern = name.toLowerCase(Locale.ROOT);
    if (type == DNS_NAME) {
      int dot = lower.indexOf('.');
      return pattern.equals(lower)
          || (pattern.startsWith("*.")
              && dot > 0
              && pattern.substring(1).equals(lower.substring(dot)));
    }
    try {
      return type == IP_ADDRESS
          && InetAddress.ofLiteral(name).equals(InetAddress.ofLiteral(wanted));
    } catch (IllegalArgumentException _) {
      return false;
    }
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    throw new CertificateException("not a server");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    throw new CertificateException("not a server");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw new CertificateException("not a server");
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return authorities.getAcceptedIssuers();
  }
}
