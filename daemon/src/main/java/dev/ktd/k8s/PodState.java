package dev.ktd.k8s;

import dev.ktd.error.ErrorCode;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodIP;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a pod's status means for someone who waits for it. A pure reading, no calls. */
sealed interface PodState {
  /** Reasons of the kubelet for a container whose image does not come. */
  Set<String> IMAGE_REASONS =
      Set.of(
          "ErrImagePull",
          "ImagePullBackOff",
          "ErrImageNeverPull",
          "InvalidImageName",
          "ImageInspectError",
          "RegistryUnavailable",
          "SignatureValidationFailed");

  /** Reasons for a container that this node will not start, however often it tries. */
  Set<String> START_REASONS =
      Set.of(
          "CreateContainerConfigError",
          "CreateContainerError",
          "RunContainerError",
          "StartError",
          "ContainerCannotRun");

  /** Not running yet, and nothing is wrong. */
  record Pending(boolean scheduled) implements PodState {}

  /** No node takes it, in the scheduler's words. May change. */
  record Unschedulable(String why) implements PodState {}

  /** The container runs. */
  record Running(ProxyPod pod) implements PodState {}

  /** On its way out or at its end, with the reason as a person reads it. */
  record Ended(String why) implements PodState {}

  /** Will not run. */
  record Broken(ErrorCode code, String why) implements PodState {}

  static PodState of(Pod pod) {
    String name = pod.getMetadata().getName();
    var status = pod.getStatus();
    String phase = status == null || status.getPhase() == null ? "Pending" : status.getPhase();
    if (phase.equals("Failed") && status != null) {
      String reason = status.getReason() == null ? "" : status.getReason();
      String message = status.getMessage() == null ? "" : status.getMessage();
      if (reason.equals("Evicted")) {
        return new Ended(
            "the proxy pod " + name + " was evicted from its node" + after(message) + ".");
      }
      ContainerStatus container = container(pod);
      if (container != null && container.getState().getTerminated() != null) {
        return new Ended(crash(name, container.getState().getTerminated()));
      }
      return new Ended("the proxy pod " + name + " failed" + after(joined(reason, message)) + ".");
    }
    if (pod.getMetadata().getDeletionTimestamp() != null) {
      return new Ended("the proxy pod " + name + " was deleted.");
    }
    if (phase.equals("Succeeded")) {
      return new Ended(
          "the proxy pod "
              + name
              + " ended: it heard nothing of its client for the time of --resume.");
    }
    ContainerStatus container = container(pod);
    if (container != null && container.getState() != null) {
      PodState known = started(pod, container);
      if (known != null) {
        return known;
      }
    }
    return scheduling(pod);
  }

  /** One of each family at most, as Kubernetes has it; what is no address is left out. */
  private static List<InetAddress> addresses(PodStatus status) {
    return status.getPodIPs().stream().limit(2).flatMap(PodState::address).toList();
  }

  private static Stream<InetAddress> address(PodIP told) {
    try {
      return told.getIp() == null ? Stream.of() : Stream.of(InetAddress.ofLiteral(told.getIp()));
    } catch (IllegalArgumentException e) {
      return Stream.of(); // no session should fail of it
    }
  }

  private static @Nullable PodState started(Pod pod, ContainerStatus container) {
    String name = pod.getMetadata().getName();
    if (container.getState().getRunning() != null) {
      String node = pod.getSpec() == null ? null : pod.getSpec().getNodeName();
      return new Running(
          new ProxyPod(
              pod.getMetadata().getNamespace(),
              name,
              pod.getMetadata().getUid(),
              addresses(pod.getStatus()),
              node == null ? "" : node));
    }
    if (container.getState().getTerminated() != null) {
      return new Broken(ErrorCode.PROXY, crash(name, container.getState().getTerminated()));
    }
    ContainerStateWaiting waiting = container.getState().getWaiting();
    if (waiting == null || waiting.getReason() == null) {
      return null;
    }
    String message = waiting.getMessage() == null ? "" : waiting.getMessage();
    if (IMAGE_REASONS.contains(waiting.getReason())) {
      return new Broken(
          ErrorCode.IMAGE,
          "the image "
              + container.getImage()
              + " of the proxy pod "
              + name
              + " is not there for its node"
              + after(joined(waiting.getReason(), message))
              + ".");
    }
    if (waiting.getReason().equals("CrashLoopBackOff")) {
      var last = container.getLastState() == null ? null : container.getLastState().getTerminated();
      return new Broken(
          ErrorCode.PROXY,
          last == null
              ? "the proxy pod " + name + " crashes" + after(message) + "."
              : crash(name, last));
    }
    if (START_REASONS.contains(waiting.getReason())) {
      return new Broken(
          ErrorCode.PROXY,
          "the proxy pod "
              + name
              + " cannot start"
              + after(joined(waiting.getReason(), message))
              + ".");
    }
    return null;
  }

  private static PodState scheduling(Pod pod) {
    List<PodCondition> conditions =
        pod.getStatus() == null ? List.of() : pod.getStatus().getConditions();
    for (PodCondition condition : conditions) {
      if ("PodScheduled".equals(condition.getType())) {
        if ("True".equals(condition.getStatus())) {
          return new Pending(true);
        }
        if ("Unschedulable".equals(condition.getReason())) {
          return new Unschedulable(
              condition.getMessage() == null ? "no reason given" : condition.getMessage());
        }
      }
    }
    return new Pending(pod.getSpec() != null && pod.getSpec().getNodeName() != null);
  }

  /** The kubelet puts the last lines of the log into the message (FallbackToLogsOnError). */
  private static String crash(String name, ContainerStateTerminated end) {
    String words = end.getMessage() == null ? "" : end.getMessage().strip();
    List<String> lines = words.lines().toList();
    String last = String.join("\n", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
    return "the proxy in the pod "
        + name
        + " ended with exit status "
        + end.getExitCode()
        + (end.getReason() == null || end.getReason().equals("Error")
            ? ""
            : " (" + end.getReason() + ")")
        + (last.isEmpty() ? "." : ", its last words:\n" + last);
  }

  private static @Nullable ContainerStatus container(Pod pod) {
    if (pod.getStatus() == null || pod.getStatus().getContainerStatuses() == null) {
      return null;
    }
    // Sidecars that a mesh injects despite our annotations do not count.
    return pod.getStatus().getContainerStatuses().stream()
        .filter(
            container ->
                ProxyManifests.CONTAINER.equals(container.getName())
                    && container.getState() != null)
        .findFirst()
        .orElse(null);
  }

  private static String joined(String reason, String message) {
    return message.isEmpty() || reason.isEmpty() ? reason + message : reason + ": " + message;
  }

  private static String after(String why) {
    String text = why.strip().replaceAll("\\.$", "");
    return text.isEmpty() ? "" : ": " + text;
  }
}
