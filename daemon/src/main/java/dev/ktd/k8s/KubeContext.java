package dev.ktd.k8s;

import io.fabric8.kubernetes.api.model.AuthInfo;
import java.nio.file.Path;

/**
 * One context of a kubeconfig with the cluster and the user it names. Immutable; made by {@link
 * Kubeconfig#choose}.
 */
public final class KubeContext {
  private final String name;
  private final String namespace;
  private final Named<io.fabric8.kubernetes.api.model.Cluster> cluster;
  private final Named<AuthInfo> user;

  KubeContext(
      String name,
      String namespace,
      Named<io.fabric8.kubernetes.api.model.Cluster> cluster,
      Named<AuthInfo> user) {
    this.name = name;
    this.namespace = namespace;
    this.cluster = cluster;
    this.user = user;
  }

  /** The context's name; may contain spaces. */
  public String name() {
    return name;
  }

  /** The namespace asked for, else the context's, else {@code default}. */
  public String namespace() {
    return namespace;
  }

  /** The name of the user entry: what to show when the cluster does not tell who we are. */
  public String userEntry() {
    return user.name();
  }

  Named<io.fabric8.kubernetes.api.model.Cluster> cluster() {
    return cluster;
  }

  Named<AuthInfo> user() {
    return user;
  }

  /** Without secrets. */
  @Override
  public String toString() {
    return "KubeContext[" + name + ", namespace " + namespace + "]";
  }

  /** An entry and the file it came from, to whose directory its relative paths refer. */
  record Named<T>(String name, T value, Path file) {
    /** Without the value: it may hold secrets. */
    @Override
    public String toString() {
      return "Named[" + name + ", " + file + "]";
    }
  }
}
