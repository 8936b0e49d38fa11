package dev.ktd.k8s;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One wait for a running pod of a Job. Watches (informers) put what they hear into maps and ring a
 * bell; the waiting thread reads the maps and decides. Used once.
 */
final class ProxyWait implements AutoCloseable {
  private final Cluster cluster;
  private final String name;
  private final String sessionId;
  private final String image;
  private final Consumer<String> progress;

  private final Map<String, Pod> pods = new ConcurrentHashMap<>();
  private final Map<String, Event> events = new ConcurrentHashMap<>();
  private final Set<String> oldEvents = ConcurrentHashMap.newKeySet();
  private final Semaphore bell = new Semaphore(0);
  private final Set<AutoCloseable> watches = new HashSet<>();

  /** Pods that were at their end when the wait began: of no interest. */
  private final Set<String> ignored = new HashSet<>();

  private final Set<String> alive = new HashSet<>();
  private final Set<String> told = new HashSet<>();
  private @Nullable String watchedPod;
  private Duration unschedulablePatience;
  private long unschedulableSince;

  ProxyWait(
      Cluster cluster, ProxySpec spec, Duration unschedulablePatience, Consumer<String> progress) {
    this.cluster = cluster;
    this.name = ProxyManifests.name(spec);
    this.sessionId = spec.sessionId();
    this.image = spec.image();
    this.unschedulablePatience = unschedulablePatience;
    this.progress = progress;
  }

  /**
   * @param first true when the Job was made for this wait: its earlier events count
   */
  ProxyPod await(boolean first, Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    if (!first) {
      // A drained node is replaced within minutes, and another pod would have to wait for it too.
      unschedulablePatience = limit;
      ProxyPod running = alreadyRunning();
      if (running != null) {
        return running;
      }
    }
    watchEvents(name, first);
    watchPods();
    while (true) {
      ProxyPod running = decide();
      if (running != null) {
        tell("running");
        return running;
      }
      long now = System.nanoTime();
      long wait = deadline - now;
      if (wait <= 0) {
        throw timedOut(limit);
      }
      // At least every two seconds: a Job that someone deleted gives no sign of its own.
      await(Math.min(wait, TimeUnit.SECONDS.toNanos(2)));
      if (alive.isEmpty() && System.nanoTime() - now > TimeUnit.SECONDS.toNanos(1)) {
        requireJob();
      }
    }
  }

  private @Nullable ProxyPod alreadyRunning() {
    for (Pod pod : list()) {
      switch (PodState.of(pod)) {
        case PodState.Running running -> {
          tell("running");
          return running.pod();
        }
        case PodState.Ended _ -> ignored.add(uid(pod));
        case PodState.Pending _, PodState.Unschedulable _, PodState.Broken _ -> {}
      }
    }
    requireJob();
    return null;
  }

  private void await(long nanos) {
    try {
      // Wake early enough to notice that patience with the scheduler has ended.
      long patience =
          unschedulableSince == 0
              ? Long.MAX_VALUE
              : unschedulableSince + unschedulablePatience.toNanos() - System.nanoTime();
      long shortest = Math.max(TimeUnit.MILLISECONDS.toNanos(1), Math.min(nanos, patience));
      if (bell.tryAcquire(shortest, TimeUnit.NANOSECONDS)) {
        bell.drainPermits();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KtdException(
          ErrorCode.INTERRUPTED, "interrupted while waiting for the proxy pod.", null, e);
    }
  }

  private @Nullable ProxyPod decide() {
    List<Pod> seen = pods.values().stream().filter(pod -> !ignored.contains(uid(pod))).toList();
    for (Event event : events.values()) {
      tellOf(event);
    }
    boolean unschedulable = false;
    for (Pod pod : seen) {
      switch (PodState.of(pod)) {
        case PodState.Running running -> {
          tell("scheduled");
          return running.pod();
        }
        case PodState.Ended ended -> throw proxyFailure(ended.why());
        case PodState.Broken broken -> throw broken(broken, pod);
        case PodState.Unschedulable waiting -> {
          unschedulable = true;
          watchPodEvents(pod);
          checkPatience(waiting, pod);
        }
        case PodState.Pending pending -> {
          watchPodEvents(pod);
          if (pending.scheduled()) {
            tell("scheduled");
          }
        }
      }
      alive.add(uid(pod));
    }
    if (!unschedulable) {
      unschedulableSince = 0;
    }
    for (String uid : alive) {
      if (!pods.containsKey(uid)) {
        throw proxyFailure("the proxy pod of " + name + " was deleted while it was starting.");
      }
    }
    if (seen.isEmpty()) {
      refuse();
    }
    return null;
  }

  /** Without a pod, only the Job's events say why there is none. */
  private void refuse() {
    for (Event event : events.values()) {
      if (event.getInvolvedObject() != null
          && "Job".equals(event.getInvolvedObject().getKind())
          && !oldEvents.contains(version(event))) {
        KtdException refusal = ProxyEvents.refusal(event, cluster.namespace());
        if (refusal != null) {
          throw refusal;
        }
      }
    }
  }

  private void checkPatience(PodState.Unschedulable waiting, Pod pod) {
    long now = System.nanoTime();
    if (unschedulableSince == 0) {
      unschedulableSince = now;
      tell("waiting for a node");
    } else if (now - unschedulableSince >= unschedulablePatience.toNanos()) {
      throw new KtdException(
          ErrorCode.PROXY,
          "no node takes the proxy pod "
              + pod.getMetadata().getName()
              + ": "
              + waiting.why().strip().replaceAll("\\.$", "")
              + ".",
          "See:  kubectl describe nodes");
    }
  }

  private void tellOf(Event event) {
    boolean ofPod =
        event.getInvolvedObject() != null && "Pod".equals(event.getInvolvedObject().getKind());
    String step = ofPod ? ProxyEvents.progress(event) : null;
    if (step != null) {
      tell("scheduled");
      tell(step);
    }
  }

  private void tell(String step) {
    if (told.add(step)) {
      progress.accept(step);
    }
  }

  private KtdException broken(PodState.Broken broken, Pod pod) {
    if (broken.code() != ErrorCode.IMAGE) {
      return proxyFailure(broken.why());
    }
    String nodeName =
        pod.getSpec() == null || pod.getSpec().getNodeName() == null
            ? ""
            : pod.getSpec().getNodeName();
    Node node = null;
    try {
      node = nodeName.isEmpty() ? null : cluster.client().nodes().withName(nodeName).get();
    } catch (KubernetesClientException _) {
      // Nodes may be hidden from this person; the hint is then a general one.
    }
    return new KtdException(
        ErrorCode.IMAGE,
        broken.why(),
        ImageHint.of(image, cluster.context().name(), node, nodeName));
  }

  private KtdException proxyFailure(String why) {
    return new KtdException(
        ErrorCode.PROXY,
        why,
        "Try again; if it stays so:  kubectl -n " + cluster.namespace() + " get events");
  }

  private KtdException timedOut(Duration limit) {
    String trouble =
        events.values().stream()
            .map(ProxyEvents::trouble)
            .filter(text -> text != null)
            .findFirst()
            .orElse("");
    return new KtdException(
        ErrorCode.TIMEOUT,
        "the proxy pod of "
            + name
            + " did not run within "
            + Math.max(1, limit.toSeconds())
            + " s"
            + (told.isEmpty()
                ? alive.isEmpty() ? "; the cluster has not created it" : ""
                : "; so far: " + String.join(", ", told))
            + (trouble.isEmpty() ? "." : "; " + trouble.replaceAll("\\.$", "") + "."),
        "Give it more time:  ktd up --timeout 5m");
  }

  private List<Pod> list() {
    List<Pod> found =
        cluster.call(
            "list the proxy's pods",
            () ->
                cluster
                    .client()
                    .pods()
                    .inNamespace(cluster.namespace())
                    .withLabel(ProxyManifests.SESSION_LABEL, sessionId)
                    .list()
                    .getItems());
    return found.stream().filter(this::isOurs).toList();
  }

  private void requireJob() {
    var job =
        cluster.call(
            "read the proxy's Job",
            () ->
                cluster
                    .client()
                    .batch()
                    .v1()
                    .jobs()
                    .inNamespace(cluster.namespace())
                    .withName(name)
                    .get());
    if (job == null || job.getMetadata().getDeletionTimestamp() != null) {
      throw proxyFailure("the proxy's Job " + name + " is gone.");
    }
  }

  private void watchPods() {
    SharedIndexInformer<Pod> informer =
        cluster.call(
            "watch the proxy's pods",
            () ->
                cluster
                    .client()
                    .pods()
                    .inNamespace(cluster.namespace())
                    .withLabel(ProxyManifests.SESSION_LABEL, sessionId)
                    .inform(new Recorder<>(this::isOurs, pods, bell)));
    watches.add(informer);
  }

  private void watchPodEvents(Pod pod) {
    String podName = pod.getMetadata().getName();
    if (watchedPod == null || !watchedPod.equals(podName)) {
      watchedPod = podName;
      watchEvents(podName, true);
    }
  }

  /** Events are a courtesy: who may not read them sees fewer steps, and nothing fails. */
  private void watchEvents(String object, boolean earlierCount) {
    var selected =
        cluster
            .client()
            .v1()
            .events()
            .inNamespace(cluster.namespace())
            .withField("involvedObject.name", object);
    if (!earlierCount) {
      try {
        selected.list().getItems().forEach(event -> oldEvents.add(version(event)));
      } catch (KubernetesClientException _) {
        return;
      }
    }
    SharedIndexInformer<Event> informer = selected.runnableInformer(0);
    informer.exceptionHandler((started, _) -> started);
    informer.addEventHandler(
        new Recorder<>(
            event ->
                event.getInvolvedObject() != null
                    && object.equals(event.getInvolvedObject().getName()),
            events,
            bell));
    var _ = informer.start();
    watches.add(informer);
  }

  private boolean isOurs(Pod pod) {
    return ProxyManifests.isOwned(pod, name);
  }

  private static String uid(Pod pod) {
    return pod.getMetadata().getUid();
  }

  /** A repeated event is the same object in a new version. */
  private static String version(Event event) {
    return event.getMetadata().getUid() + "/" + event.getMetadata().getResourceVersion();
  }

  @Override
  public void close() {
    for (AutoCloseable watch : watches) {
      try {
        watch.close();
      } catch (Exception _) {
        // A watch that cannot be closed is closed with the client.
      }
    }
  }

  /** Keeps the latest version of each object by its uid. */
  private record Recorder<T extends HasMetadata>(
      Predicate<T> wanted, Map<String, T> target, Semaphore bell)
      implements ResourceEventHandler<T> {
    @Override
    public void onAdd(T added) {
      if (wanted.test(added)) {
        target.put(added.getMetadata().getUid(), added);
        bell.release();
      }
    }

    @Override
    public void onUpdate(T old, T updated) {
      onAdd(updated);
    }

    @Override
    public void onDelete(T deleted, boolean finalStateUnknown) {
      // Events expire; what they told stays told.
      if (deleted instanceof Pod && wanted.test(deleted)) {
        target.remove(deleted.getMetadata().getUid());
        bell.release();
      }
    }
  }
}
