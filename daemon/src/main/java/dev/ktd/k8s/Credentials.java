package dev.ktd.k8s;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.fabric8.kubernetes.api.model.AuthInfo;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** Where a user's credentials come from. Any thread; calls may block. */
sealed interface Credentials permits Credentials.Fixed, TokenFileCredentials, ExecCredentials {
  /**
   * The credentials as they are now, renewed where that is due.
   *
   * @throws KtdException CREDENTIALS when a plug-in fails, KUBECONFIG when a file cannot be read
   */
  Authentication current();

  /** The server refused them: what is cached is worth nothing. */
  void forget();

  /** What to do when the server refuses them, for people. */
  String renewalHint();

  /**
   * By client-go's precedence: a token file before a token, a token before the plug-in.
   *
   * @throws KtdException KUBECONFIG for files that cannot be read, CREDENTIALS for methods that
   *     cannot be used
   */
  static Credentials of(
      KubeContext context, FileSource files, PluginRunner plugins, InstantSource clock) {
    var referenced = new ReferencedFiles(files);
    var user = context.user();
    AuthInfo info = user.value();
    String certificate =
        referenced.pem(
            user,
            "client-certificate",
            info.getClientCertificateData(),
            info.getClientCertificate());
    String key = referenced.pem(user, "client-key", info.getClientKeyData(), info.getClientKey());
    if ((certificate == null) != (key == null)) {
      throw new KtdException(
          ErrorCode.KUBECONFIG,
          "the user "
              + Kubeconfig.quoted(user.name())
              + " in "
              + user.file()
              + (key == null
                  ? " has a client-certificate but no client-key."
                  : " has a client-key but no client-certificate."),
          "Correct it in " + user.file() + ".");
    }
    var fixed = new Authentication(emptyToNull(info.getToken()), certificate, key);
    String tokenFile = emptyToNull(info.getTokenFile());
    if (tokenFile != null) {
      return new TokenFileCredentials(user, tokenFile, fixed, referenced, clock);
    }
    if (fixed.token() != null || emptyToNull(info.getUsername()) != null) {
      return new Fixed(fixed, context);
    }
    if (info.getExec() != null) {
      return new ExecCredentials(context, info.getExec(), fixed, referenced, plugins, clock);
    }
    if (info.getAuthProvider() != null && certificate == null) {
      throw new KtdException(
          ErrorCode.CREDENTIALS,
          "the user "
              + Kubeconfig.quoted(user.name())
              + " in "
              + user.file()
              + " uses the auth-provider "
              + Kubeconfig.quoted(String.valueOf(info.getAuthProvider().getName()))
              + ", which Kubernetes removed in version 1.26.",
          "Put a credential plug-in (exec) or a token in its place.");
    }
    return new Fixed(fixed, context);
  }

  private static @Nullable String emptyToNull(@Nullable String text) {
    return text == null || text.isEmpty() ? null : text;
  }

  /** Credentials written in the kubeconfig itself, or none. */
  record Fixed(Authentication current, KubeContext context) implements Credentials {
    @Override
    public void forget() {}

    @Override
    public String renewalHint() {
      return "Renew the credentials of the user "
          + Kubeconfig.quoted(context.userEntry())
          + " in "
          + context.user().file()
          + ".";
    }
  }
}
