package dev.ktd.k8s;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The proxy of one session: a Job that owns its Secret and its pod, so that all go together. All
 * calls block, except that listeners are called on threads of the client; one caller at a time. An
 * interrupt ends a wait with INTERRUPTED.
 */
public final class ProxyDeployment {
  /** The scheduler may be waiting for a node that is being started; longer than that is news. */
  private static final Duration UNSCHEDULABLE_PATIENCE = Duration.ofSeconds(10);

  private static final Duration ROLLBACK_LIMIT = Duration.ofSeconds(10);
  private static final Duration GONE_INTERVAL = Duration.ofMillis(200);

  private final Cluster cluster;
  private final ProxySpec spec;
  private final Duration unschedulablePatience;
  private boolean fresh;

  /** The name is another session's: nothing there is ours to delete. */
  private boolean taken;

  /** Makes nothing yet. */
  public ProxyDeployment(Cluster cluster, ProxySpec spec) {
    this(cluster, spec, UNSCHEDULABLE_PATIENCE);
  }

  ProxyDeployment(Cluster cluster, ProxySpec spec, Duration unschedulablePatience) {
    this.cluster = cluster;
    this.spec = spec;
    this.unschedulablePatience = unschedulablePatience;
  }

  /** The Job's name, {@code ktd-<user>-<session>}; also that of its Secret. */
  public String name() {
    return ProxyManifests.name(spec);
  }

  /**
   * Creates the Job, then the Secret that it owns: whenever this process dies, all that is there
   * hangs on the Job. The pod waits for the Secret. On failure what was made is deleted again. What
   * is there already of this very session counts as made: an earlier answer may have been lost.
   *
   * @throws KtdException ADMISSION, FORBIDDEN, NAMESPACE, CONFLICT when the name is taken,
   *     UNREACHABLE
   */
  public void create() {
    Job job;
    try {
      job = createJob();
    } catch (RuntimeException e) {
      throw notCreated("Job", e);
    }
    fresh = true;
    try {
      createSecret(job);
    } catch (RuntimeException e) {
      KtdException failure = notCreated("Secret", e);
      try {
        delete(ROLLBACK_LIMIT);
      } catch (KtdException rollback) {
        failure.addSuppressed(rollback);
      }
      throw failure;
    }
  }

  private Job createJob() {
    var jobs = cluster.client().batch().v1().jobs().inNamespace(cluster.namespace());
    taken = false;
    try {
      return jobs.resource(ProxyManifests.job(cluster.namespace(), spec)).create();
    } catch (KubernetesClientException e) {
      if (e.getCode() != 409) {
        throw e;
      }
      taken = true;
      Job there = jobs.withName(name()).get();
      if (there == null || !ProxyManifests.isOf(there, spec)) {
        throw e;
      }
      taken = false;
      return there;
    }
  }

  private void createSecret(Job job) {
    var secrets = cluster.client().secrets().inNamespace(cluster.namespace());
    Secret wanted = ProxyManifests.secret(job, spec);
    try {
      secrets.resource(wanted).create();
    } catch (KubernetesClientException e) {
      if (e.getCode() != 409) {
        throw e;
      }
      // The name is ours, as the Job's is. To read a Secret would be one more right to ask for.
      secrets.withName(name()).delete();
      secrets.resource(wanted).create();
    }
  }

  private KtdException notCreated(String kind, RuntimeException failure) {
    if (failure instanceof KubernetesClientException api) {
      String text = ApiErrors.serverText(api);
      switch (api.getCode()) {
        case 404 -> {
          return cluster.missingNamespace();
        }
        case 409 -> {
          return new KtdException(
              ErrorCode.CONFLICT,
              "there is already a "
                  + kind
                  + " "
                  + name()
                  + " in namespace "
                  + cluster.namespace()
                  + ".",
              "Try again: another name is chosen.",
              api);
        }
        case 400, 422 -> {
          return ProxyEvents.admission(text, cluster.namespace());
        }
        case 403 -> {
          if (text.contains("being terminated")) {
            return new KtdException(
                ErrorCode.NAMESPACE,
                "the namespace " + cluster.namespace() + " is being deleted.",
                "Choose another:  ktd up --namespace NAME",
                api);
          }
          if (ProxyEvents.isAdmission(text)) {
            return ProxyEvents.admission(text, cluster.namespace());
          }
        }
        default -> {}
      }
    }
    return cluster.translate("create the " + kind + " " + name(), failure);
  }

  /**
   * Waits until a pod of the Job runs. Also after the pod was lost: the Job makes a new one.
   * Returns at once when one runs. Deletes nothing on failure.
   *
   * @param progress hears short texts as they come to be, each once: {@code scheduled}, {@code
   *     pulling image X}, {@code image present}, {@code running}; on the caller's thread
   * @throws KtdException as soon as it is known that the pod will not run: ADMISSION, IMAGE, PROXY
   *     (also when the Job is gone); TIMEOUT after {@code limit}, with what it waited for
   */
  public ProxyPod awaitRunning(Consumer<String> progress, Duration limit) {
    boolean first = fresh;
    fresh = false;
    try (var wait = new ProxyWait(cluster, spec, unschedulablePatience, progress)) {
      return wait.await(first, limit);
    }
  }

  /**
   * Deletes Job, pod and Secret and returns when they are gone. Repeatable: nothing to delete is
   * success. After a {@link #create} that found the name taken there is nothing to delete.
   *
   * @throws KtdException TIMEOUT when something is still there after {@code limit}; it names what
   */
  public void delete(Duration limit) {
    if (taken) {
      return;
    }
    String name = name();
    long deadline = System.nanoTime() + limit.toNanos();
    requestDelete();
    var job = cluster.client().batch().v1().jobs().inNamespace(cluster.namespace()).withName(name);
    while (true) {
      List<String> left = new ArrayList<>();
      if (cluster.call("read the Job " + name, job::get) != null) {
        left.add("Job " + name);
      }
      pods(cluster, name).forEach(pod -> left.add("pod " + pod.getMetadata().getName()));
      if (left.isEmpty()) {
        return;
      }
      if (System.nanoTime() >= deadline) {
        throw new KtdException(
            ErrorCode.TIMEOUT,
            "still there after "
                + limit.toSeconds()
                + " s in namespace "
                + cluster.namespace()
                + ": "
                + String.join(", ", left)
                + ". They are marked for deletion and go once their node answers.",
            "See:  kubectl -n "
                + cluster.namespace()
                + " get jobs,pods -l app.kubernetes.io/name=ktd");
      }
      pause();
    }
  }

  /**
   * Asks for the deletion and does not wait for it. Repeatable; nothing after a {@link #create}
   * that found the name taken.
   *
   * @return null
   */
  public @Nullable Void requestDelete() {
    if (taken) {
      return null;
    }
    String name = name();
    var client = cluster.client();
    var job = client.batch().v1().jobs().inNamespace(cluster.namespace()).withName(name);
    // The Job first: it owns the Secret, which then goes even if we may not delete it.
    // Foreground: the Job goes after its pods, so that its absence means theirs.
    cluster.call(
        "delete the Job " + name,
        () -> job.withPropagationPolicy(DeletionPropagation.FOREGROUND).delete());
    cluster.call(
        "delete the Secret " + name,
        () -> client.secrets().inNamespace(cluster.namespace()).withName(name).delete());
    return null;
  }

  // Names end in the session's id; other people's sessions may have the same.
  private static List<Pod> pods(Cluster cluster, String name) {
    String sessionId = name.substring(name.lastIndexOf('-') + 1);
    return cluster
        .call(
            "list the pods of " + name,
            () ->
                cluster
                    .client()
                    .pods()
                    .inNamespace(cluster.namespace())
                    .withLabel(ProxyManifests.SESSION_LABEL, sessionId)
                    .list())
        .getItems()
        .stream()
        .filter(pod -> ProxyManifests.isOwned(pod, name))
        .toList();
  }

  private static void pause() {
    try {
      Thread.sleep(GONE_INTERVAL);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KtdException(
          ErrorCode.INTERRUPTED, "interrupted while the proxy was being deleted.", null, e);
    }
  }
}
