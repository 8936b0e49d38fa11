package dev.ktd.k8s;

import java.time.Duration;
import java.util.function.Consumer;

/**
 * The proxy of one session: a Job that owns its Secret and its pod, so that all go together. All
 * calls block, except that listeners are called on threads of the client; one caller at a time. An
 * interrupt ends a wait with INTERRUPTED.
 */
public final class ProxyDeployment {
  private final Cluster cluster;
  private final ProxySpec spec;

  /** Makes nothing yet. */
  public ProxyDeployment(Cluster cluster, ProxySpec spec) {
    this.cluster = cluster;
    this.spec = spec;
  }

  /** The Job's name, {@code ktd-<user>-<session>}; also that of its Secret. */
  public String name() {
    return spec.sessionId() + cluster.namespace();
  }

  /**
   * Creates Job and Secret. On failure what was made is deleted again.
   *
   * @throws dev.ktd.error.KtdException ADMISSION, FORBIDDEN, NAMESPACE, CONFLICT when the name is
   *     taken, UNREACHABLE
   */
  public void create() {
    NotYet.now();
  }

  /**
   * Waits until a pod of the Job runs. Also after the pod was lost: the Job makes a new one.
   * Deletes nothing on failure.
   *
   * @param progress hears short texts as they come to be: {@code scheduled}, {@code pulling image
   *     X}, {@code running}
   * @throws dev.ktd.error.KtdException as soon as it is known that the pod will not run: ADMISSION,
   *     IMAGE, PROXY; TIMEOUT after {@code limit}, with what it waited for
   */
  public ProxyPod awaitRunning(Consumer<String> progress, Duration limit) {
    return NotYet.now();
  }

  /**
   * Tells once, on a thread of the client, when the pod is deleted, evicted or ended, with the
   * reason as a person reads it. Lost watches are taken up again.
   *
   * @return close to stop listening; repeatable
   */
  public Subscription whenGone(ProxyPod pod, Consumer<String> listener) {
    return NotYet.now();
  }

  /**
   * Deletes Job, pod and Secret and returns when they are gone. Repeatable: nothing to delete is
   * success.
   *
   * @throws dev.ktd.error.KtdException TIMEOUT when something is still there after {@code limit};
   *     it names what
   */
  public void delete(Duration limit) {
    NotYet.now();
  }

  /** The same for a session of an earlier life of the daemon, by the Job's name. */
  public static void delete(Cluster cluster, String name, Duration limit) {
    NotYet.now();
  }

  /** A listener that can be taken away. */
  public interface Subscription extends AutoCloseable {
    @Override
    void close();
  }
}
