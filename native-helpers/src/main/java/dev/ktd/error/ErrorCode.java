package dev.ktd.error;

/**
 * Every failure a user can meet, with the exit status of the command line. The names are part of
 * the JSON contract ({@code "event":"failed","code":...}); docs/errors.md lists them and a test
 * compares.
 */
public enum ErrorCode {
  /** A defect of ktd itself; the only one that sends the reader to the log. */
  INTERNAL(1),
  /** The command line, or a variable such as HTTPS_PROXY, makes no sense. */
  USAGE(2),
  /** The kubeconfig cannot be found, read or understood. */
  KUBECONFIG(3),
  /** The cluster does not accept who we say we are, or the credential plug-in failed. */
  CREDENTIALS(3),
  /** The API server does not answer. */
  UNREACHABLE(4),
  /** The API server answers that the caller may not do this. */
  FORBIDDEN(4),
  /** The namespace does not exist. */
  NAMESPACE(4),
  /** Quota, limit ranges or pod security admission refuse the proxy pod. */
  ADMISSION(4),
  /** The proxy's image is not there for the node. */
  IMAGE(4),
  /** The proxy pod was not scheduled, died or went away. */
  PROXY(4),
  /** The SSH end of the proxy is not the one whose key we made, or does not speak. */
  TUNNEL(4),
  /** Not enough rights on this machine. */
  PERMISSION(5),
  /** No TUN device can be made. */
  TUN(5),
  /** Routes cannot be set. */
  ROUTES(5),
  /** Names cannot be set up, or their check failed. */
  DNS(5),
  /** Files of ours under /run or /var/lib cannot be written. */
  STATE(5),
  /** There is no session, or no daemon. */
  NOT_CONNECTED(6),
  /** Another session or another network stands in the way. */
  CONFLICT(7),
  /** It took longer than --timeout. */
  TIMEOUT(124),
  /** The person pressed Ctrl-C. */
  INTERRUPTED(130);

  private final int exitStatus;

  ErrorCode(int exitStatus) {
    this.exitStatus = exitStatus;
  }

  /** The exit status of the command line, 1 to 130. */
  public int exitStatus() {
    return exitStatus;
  }
}
