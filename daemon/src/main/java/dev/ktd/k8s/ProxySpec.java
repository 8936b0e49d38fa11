package dev.ktd.k8s;

import org.jspecify.annotations.Nullable;

/**
 * What the proxy's Job is made of.
 *
 * @param user part of the Job's name after it is made fit for one: who runs the session
 * @param sessionId 4 lower-case hex digits, unique among the user's sessions in the namespace
 * @param image reference, e.g. {@code docker.io/ktd/proxy:0.1.0}
 * @param imagePullSecret name of a Secret in the namespace, or null
 * @param heartbeatSeconds how long the pod outlives its client, 10 to 3600
 * @param hostKey private host key of the pod's sshd, OpenSSH or PEM text
 * @param authorizedKeys text of authorized_keys
 */
public record ProxySpec(
    String user,
    String sessionId,
    String image,
    @Nullable String imagePullSecret,
    int heartbeatSeconds,
    String hostKey,
    String authorizedKeys) {
  /** Where sshd listens in the pod, on its loopback. */
  public static final int SSH_PORT = 2222;

  /** The image that goes with this version of ktd. */
  public static final String DEFAULT_IMAGE = "docker.io/ktd/proxy:0.1.0";

  /** Without the keys. */
  @Override
  public String toString() {
    return "ProxySpec[" + user + ", " + sessionId + ", " + image + "]";
  }
}
