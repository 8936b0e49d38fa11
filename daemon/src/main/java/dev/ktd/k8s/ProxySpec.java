package dev.ktd.k8s;

import org.jspecify.annotations.Nullable;

/**
 * What the proxy's Job is made of.
 *
 * @param user part of the Job's name after it is made fit for one: who runs the session
 * @param sessionId 4 lower-case hex digits, unique among the user's sessions in the namespace
 * @param image reference, e.g. {@code docker.io/ktd/proxy:0.1.0}
 * @param imagePullSecret name of a Secret in the namespace, or null
 * @param resumeSeconds how long the pod and open connections outlive a cut or a client that is
 *     gone, 10 to 86400
 * @param hostKey private host key of the pod's sshd, OpenSSH or PEM text
 * @param authorizedKeys text of authorized_keys
 * @param carrierSecret base64 of the secret that carriers prove to know
 */
public record ProxySpec(
    String user,
    String sessionId,
    String image,
    @Nullable String imagePullSecret,
    int resumeSeconds,
    String hostKey,
    String authorizedKeys,
    String carrierSecret) {
  /** Where the agent takes carriers in the pod (docs/carrier-protocol.md). */
  public static final int CARRIER_PORT = 2222;

  /** The image that goes with this version of ktd. */
  public static final String DEFAULT_IMAGE = "docker.io/ktd/proxy:0.1.0";

  /** Without the keys and the secret. */
  @Override
  public String toString() {
    return "ProxySpec[" + user + ", " + sessionId + ", " + image + "]";
  }
}
