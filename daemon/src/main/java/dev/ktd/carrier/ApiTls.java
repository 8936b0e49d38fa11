package dev.ktd.carrier;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLException;

/** TLS as a kubeconfig asks for it. */
final class ApiTls {
  private ApiTls() {}

  /** Parses certificates and keys, so not for the loop. */
  static SslContext context(ApiServer api, SslProvider engine) {
    try {
      SslContextBuilder builder = SslContextBuilder.forClient().sslProvider(engine);
      if (api.skipVerification()) {
        builder
            .trustManager(InsecureTrustManagerFactory.INSTANCE)
            .endpointIdentificationAlgorithm(null);
      } else if (api.caPem() != null) {
        builder.trustManager(certificates(api.caPem()));
      }
      if (api.clientCertificatePem() != null && api.clientKeyPem() != null) {
        PrivateKey key = PemKeys.parse(api.clientKeyPem());
        builder.keyManager(key, certificates(api.clientCertificatePem()));
      }
      return builder.build();
    } catch (GeneralSecurityException | SSLException | IllegalArgumentException e) {
      throw new KtdException(
          ErrorCode.KUBECONFIG,
          "the certificates or the key for "
              + Failures.hostPort(api.uri())
              + " cannot be read: "
              + e.getMessage(),
          "Check the context:  kubectl config view --minify",
          e);
    }
  }

  private static X509Certificate[] certificates(String pem) throws GeneralSecurityException {
    InputStream in = new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII));
    X509Certificate[] all =
        CertificateFactory.getInstance("X.509").generateCertificates(in).stream()
            .map(X509Certificate.class::cast)
            .toArray(X509Certificate[]::new);
    if (all.length == 0) {
      throw new GeneralSecurityException("no certificate in the PEM text");
    }
    return all;
  }
}
