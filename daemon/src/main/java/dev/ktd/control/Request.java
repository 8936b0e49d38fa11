package dev.ktd.control;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a client may ask of the daemon. */
public sealed interface Request {
  /**
   * Connect.
   *
   * @param caller for whom; when the peer is not root this must be the peer itself
   * @param kubeconfigs absolute paths, in order of precedence; read with the rights of the caller
   * @param context name of a context, or null for the current one
   * @param namespace or null for the context's
   * @param cidrs further networks to route, e.g. {@code 10.0.0.0/8}
   * @param excludes networks that stay outside
   * @param dnsSuffixes further suffixes that the cluster's DNS answers
   * @param carriers number of carriers, 1 to 4
   * @param image reference of the proxy image, or null for the default
   * @param imagePullSecret name of a Secret in the namespace, or null
   * @param resumeSeconds how long open connections outlive a cut, and the pod its client, 10 to
   *     86400
   * @param timeoutSeconds limit for the whole connect, 1 to 3600
   */
  record Up(
      Caller caller,
      List<String> kubeconfigs,
      @Nullable String context,
      @Nullable String namespace,
      List<String> cidrs,
      List<String> excludes,
      List<String> dnsSuffixes,
      int carriers,
      @Nullable String image,
      @Nullable String imagePullSecret,
      int resumeSeconds,
      int timeoutSeconds)
      implements Request {}

  /** Undo everything. */
  record Down() implements Request {}

  /** Report. */
  record Status() implements Request {}

  /**
   * The person for whom the daemon works.
   *
   * @param path the person's PATH, by which credential plug-ins are found
   * @param proxies null where the person's environment names none
   */
  record Caller(
      int uid, int gid, String name, String home, String path, @Nullable Proxies proxies) {}

  /**
   * The person's environment variables about HTTP proxies, each null where it is not set. They may
   * hold a password.
   *
   * @param https HTTPS_PROXY
   * @param http HTTP_PROXY
   * @param none NO_PROXY
   */
  record Proxies(@Nullable String https, @Nullable String http, @Nullable String none) {
    /** Without the proxies' addresses. */
    @Override
    public String toString() {
      return "Proxies[none=" + none + "]";
    }
  }
}
