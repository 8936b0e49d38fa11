package dev.ktd.k8s;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.authentication.SelfSubjectReview;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.VersionInfo;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A cluster that answered and knows who we are. All calls block; any thread. Every failure is a
 * {@link KtdException}: UNREACHABLE (with the address and why), CREDENTIALS, FORBIDDEN (who may not
 * do what where).
 */
public final class Cluster implements AutoCloseable {
  private final KubeContext context;
  private final Endpoint endpoint;
  private final Credentials credentials;
  private final ApiErrors errors;
  private final KubernetesClient client;
  private final String version;
  private final String userName;

  private Cluster(
      KubeContext context,
      Endpoint endpoint,
      Credentials credentials,
      ApiErrors errors,
      KubernetesClient client,
      String version,
      String userName) {
    this.context = context;
    this.endpoint = endpoint;
    this.credentials = credentials;
    this.errors = errors;
    this.client = client;
    this.version = version;
    this.userName = userName;
  }

  /**
   * Reads the credentials, connects, and asks for the version and who we are: about 10 seconds at
   * most for a server that does not answer, not counting a credential plug-in.
   *
   * @param proxies of the person; {@code proxy-url} in the kubeconfig comes before them
   * @param patience of the caller: the 10 seconds become as few as this, but 2 at least
   * @throws KtdException UNREACHABLE, CREDENTIALS, KUBECONFIG when a file that the context names
   *     cannot be used, or USAGE when the proxy cannot
   */
  public static Cluster connect(
      KubeContext context,
      FileSource files,
      PluginRunner plugins,
      ProxyVariables proxies,
      Duration patience) {
    return connect(
        context,
        files,
        plugins,
        proxies,
        InstantSource.system(),
        ClientFactory.Limits.DEFAULT.within(patience));
  }

  static Cluster connect(
      KubeContext context,
      FileSource files,
      PluginRunner plugins,
      ProxyVariables proxies,
      InstantSource clock,
      ClientFactory.Limits limits) {
    var endpoint = Endpoint.of(context, files, proxies);
    var credentials = Credentials.of(context, files, plugins, clock);
    KubernetesClient client = ClientFactory.create(context, endpoint, credentials, limits);
    try {
      var errors = new ApiErrors(context, endpoint, credentials);
      // Side by side: each is a round trip.
      var user = new FutureTask<>(() -> readUserName(context, client, errors));
      Thread.ofVirtual().name("ktd-user").start(user);
      String version = readVersion(client, errors);
      return new Cluster(
          context, endpoint, credentials, errors, client, version, Joined.result(user));
    } catch (RuntimeException e) {
      client.close();
      throw e;
    }
  }

  private static String readVersion(KubernetesClient client, ApiErrors errors) {
    VersionInfo info;
    try {
      info = client.getKubernetesVersion();
    } catch (RuntimeException e) {
      throw errors.translate("tell its version", e);
    }
    if (info == null) {
      return "unknown";
    }
    // Managed clusters say "34+".
    return info.getMajor() + "." + info.getMinor().replaceAll("\\D+$", "");
  }

  private static String readUserName(
      KubeContext context, KubernetesClient client, ApiErrors errors) {
    SelfSubjectReview review;
    try {
      review = client.authentication().v1().selfSubjectReviews().create(new SelfSubjectReview());
    } catch (KubernetesClientException e) {
      // Since Kubernetes 1.28, and never for anonymous requests.
      if (ApiErrors.notFound(e) || e.getCode() == 403) {
        return context.userEntry();
      }
      throw errors.translate("tell who we are", e);
    }
    if (review == null
        || review.getStatus() == null
        || review.getStatus().getUserInfo() == null
        || review.getStatus().getUserInfo().getUsername() == null) {
      return context.userEntry();
    }
    return review.getStatus().getUserInfo().getUsername();
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
    return endpoint.uri();
  }

  /** The HTTP proxy in front of it, or null. */
  public @Nullable URI proxy() {
    return endpoint.proxy();
  }

  /** The server's version, e.g. {@code 1.34}. */
  public String version() {
    return version;
  }

  /** Who the cluster says we are, else the kubeconfig's name for the user. */
  public String userName() {
    return userName;
  }

  /**
   * What a connection of its own needs. Reads credentials anew where they can change: a certificate
   * from a plug-in is as fresh as this call.
   */
  public ApiAccess apiAccess() {
    Authentication shown = credentials.current();
    return new ApiAccess(
        endpoint.uri(),
        endpoint.caPem(),
        shown.certificatePem(),
        shown.keyPem(),
        this::bearerToken,
        credentials::forget,
        endpoint.skipVerification(),
        endpoint.serverName(),
        endpoint.proxy(),
        endpoint.headers());
  }

  private @Nullable String bearerToken() {
    // Basic authentication, in the headers, excludes a token.
    return endpoint.headers().containsKey("Authorization") ? null : credentials.current().token();
  }

  /**
   * Checks that the session's namespace exists and is not being deleted. Says nothing when the
   * caller may not read namespaces.
   *
   * @throws KtdException NAMESPACE, with similar names
   */
  public void requireNamespace() {
    Namespace found;
    try {
      found = client.namespaces().withName(namespace()).get();
    } catch (KubernetesClientException e) {
      if (e.getCode() == 403) {
        return;
      }
      throw errors.translate("read the namespace " + namespace(), e);
    }
    if (found == null) {
      throw missingNamespace();
    }
    if (found.getStatus() != null && "Terminating".equals(found.getStatus().getPhase())) {
      throw new KtdException(
          ErrorCode.NAMESPACE,
          "the namespace " + namespace() + " is being deleted.",
          "Choose another:  ktd up --namespace NAME");
    }
  }

  /** The names of all namespaces, or only the session's where the caller may not list them. */
  public Set<String> namespaces() {
    Set<String> names = new TreeSet<>();
    names.add(namespace());
    try {
      client
          .namespaces()
          .list()
          .getItems()
          .forEach(item -> names.add(item.getMetadata().getName()));
    } catch (KubernetesClientException e) {
      if (e.getCode() != 403) {
        throw errors.translate("list namespaces", e);
      }
    }
    return names;
  }

  KtdException missingNamespace() {
    List<String> names;
    try {
      names =
          client.namespaces().list().getItems().stream()
              .map(item -> item.getMetadata().getName())
              .sorted()
              .toList();
    } catch (KubernetesClientException _) {
      names = List.of();
    }
    List<String> similar = SimilarNames.of(namespace(), names);
    String others =
        !similar.isEmpty()
            ? " Similar: " + String.join(", ", similar) + "."
            : !names.isEmpty() && names.size() <= SimilarNames.SHOWN
                ? " There are: " + String.join(", ", names) + "."
                : "";
    return new KtdException(
        ErrorCode.NAMESPACE,
        "there is no namespace "
            + namespace()
            + " in the cluster of the context "
            + Kubeconfig.quoted(context.name())
            + "."
            + others,
        similar.isEmpty()
            ? "See:  kubectl --context " + Kubeconfig.shellWord(context.name()) + " get namespaces"
            : "Perhaps:  ktd up --namespace " + similar.getFirst());
  }

  KubernetesClient client() {
    return client;
  }

  /** Runs a call of the client; what it throws comes out as a {@link KtdException}. */
  <T extends @Nullable Object> T call(String doing, Supplier<T> request) {
    try {
      return request.get();
    } catch (KtdException e) {
      throw e;
    } catch (RuntimeException e) {
      throw errors.translate(doing, e);
    }
  }

  KtdException translate(String doing, RuntimeException failure) {
    return errors.translate(doing, failure);
  }

  /** Ends the client's connections and threads. Repeatable. */
  @Override
  public void close() {
    client.close();
  }
}
