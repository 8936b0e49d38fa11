package dev.ktd.k8s;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.net.URI;
import java.util.Set;

/**
 * A cluster that answered and knows who we are. All calls block; any thread. Every failure is a
 * {@link dev.ktd.error.KtdException}: UNREACHABLE (with the address and why), CREDENTIALS,
 * FORBIDDEN (who may not do what where).
 */
public final class Cluster implements AutoCloseable {
  private final KubeContext context;
  private final KubernetesClient client;

  private Cluster(KubeContext context, KubernetesClient client) {
    this.context = context;
    this.client = client;
  }

  /**
   * Reads the credentials, connects, and asks for the version and who we are: about 10 seconds at
   * most for a server that does not answer, not counting a credential plug-in.
   *
   * @throws dev.ktd.error.KtdException UNREACHABLE, CREDENTIALS, or KUBECONFIG when a file that the
   *     context names cannot be used
   */
  public static Cluster connect(KubeContext context, FileSource files, PluginRunner plugins) {
    return new Cluster(context, NotYet.now());
  }

  /** The context this came from. */
  public KubeContext context() {
    return context;
  }

  /** The namespace of the session. */
  public String namespace() {
    return context.namespace();
  }

  /** The API server's address. */
  public URI uri() {
    return NotYet.now();
  }

  /** The server's version, e.g. {@code 1.34}. */
  public String version() {
    return NotYet.now();
  }

  /** Who the cluster says we are, else the kubeconfig's name for the user. */
  public String userName() {
    return NotYet.now();
  }

  /** What a connection of its own needs. Reads credentials anew where they can change. */
  public ApiAccess apiAccess() {
    return NotYet.now();
  }

  /**
   * Checks that the session's namespace exists and is not being deleted. Says nothing when the
   * caller may not read namespaces.
   *
   * @throws dev.ktd.error.KtdException NAMESPACE, with similar names
   */
  public void requireNamespace() {
    NotYet.now();
  }

  /** The names of all namespaces, or only the session's where the caller may not list them. */
  public Set<String> namespaces() {
    return NotYet.now();
  }

  KubernetesClient client() {
    return client;
  }

  /** Ends the client's connections and threads. Repeatable. */
  @Override
  public void close() {
    client.close();
  }
}
