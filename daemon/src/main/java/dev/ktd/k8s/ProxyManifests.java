package dev.ktd.k8s;

import io.fabric8.kubernetes.api.model.LocalObjectReferenceBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The Kubernetes objects of a session, admitted by Pod Security Standard "restricted". */
final class ProxyManifests {
  static final String CONTAINER = "ktd";
  static final String SESSION_LABEL = "ktd.dev/session";

  /** Tells a session's Job from that of another session with the same name. */
  private static final String KEY_ANNOTATION = "ktd.dev/key";

  private static final String KEYS = "ssh";
  private static final String RUN = "run";

  /** Job names have 63 characters (they become labels); {@code ktd-} and {@code -7f3c} take 9. */
  private static final int LONGEST_USER = 40;

  private ProxyManifests() {}

  /** {@code ktd-<user>-<session>}, a DNS-1123 label. */
  static String name(ProxySpec spec) {
    return "ktd-" + sanitized(spec.user()) + "-" + spec.sessionId();
  }

  /**
   * What people recognise of a user name, fit for a DNS label: {@code ana} of {@code
   * ana@example.com}, {@code oidc:ana} and {@code arn:aws:iam::1:user/ana}.
   */
  private static String sanitized(String user) {
    String last = user.substring(Math.max(user.lastIndexOf('/'), user.lastIndexOf(':')) + 1);
    int at = last.indexOf('@');
    String label =
        (at > 0 ? last.substring(0, at) : last)
            .toLowerCase(Locale.ROOT)
            .replaceAll("[^a-z0-9]+", "-");
    label = label.substring(0, Math.min(label.length(), LONGEST_USER)).replaceAll("^-+|-+$", "");
    return label.isEmpty() ? "user" : label;
  }

  private static Map<String, String> labels(ProxySpec spec) {
    return Map.of(
        "app.kubernetes.io/name",
        "ktd",
        "app.kubernetes.io/managed-by",
        "ktd",
        SESSION_LABEL,
        spec.sessionId());
  }

  static Job job(String namespace, ProxySpec spec) {
    return new JobBuilder()
        .withNewMetadata()
        .withName(name(spec))
        .withNamespace(namespace)
        .withLabels(labels(spec))
        .addToAnnotations(KEY_ANNOTATION, fingerprint(spec))
        .endMetadata()
        .withNewSpec()
        // A crash or an eviction makes a new pod, as often as it takes; only the pod's own good end
        // (no sign of its client) or a delete ends the Job, and then all goes at once.
        .withBackoffLimit(100_000)
        .withTtlSecondsAfterFinished(0)
        .withNewTemplate()
        .withNewMetadata()
        .withLabels(labels(spec))
        // Moving the proxy to save a node would cut the person's connections.
        .addToAnnotations("cluster-autoscaler.kubernetes.io/safe-to-evict", "false")
        .addToAnnotations("sidecar.istio.io/inject", "false")
        .addToAnnotations("linkerd.io/inject", "disabled")
        .endMetadata()
        .withSpec(pod(spec))
        .endTemplate()
        .endSpec()
        .build();
  }

  private static PodSpec pod(ProxySpec spec) {
    return new PodSpecBuilder()
        .withRestartPolicy("OnFailure")
        .withAutomountServiceAccountToken(false)
        .withEnableServiceLinks(false)
        .withTerminationGracePeriodSeconds(2L)
        .withImagePullSecrets(
            spec.imagePullSecret() == null
                ? List.of()
                : List.of(
                    new LocalObjectReferenceBuilder().withName(spec.imagePullSecret()).build()))
        // No runAsUser: the image says 65532, OpenShift assigns a uid of its own.
        .withNewSecurityContext()
        .withRunAsNonRoot(true)
        .withNewSeccompProfile()
        .withType("RuntimeDefault")
        .endSeccompProfile()
        // Lets an unprivileged ICMP socket send echo requests; a "safe" sysctl.
        .addNewSysctl("net.ipv4.ping_group_range", "0 2147483647")
        .endSecurityContext()
        .addNewContainer()
        .withName(CONTAINER)
        .withImage(spec.image())
        .withImagePullPolicy("IfNotPresent")
        .addNewEnv()
        .withName("KTD_RESUME_SECONDS")
        .withValue(Integer.toString(spec.resumeSeconds()))
        .endEnv()
        // The last words of a crash then stand in the pod's status: no right to read logs is
        // needed.
        .withTerminationMessagePolicy("FallbackToLogsOnError")
        .withNewSecurityContext()
        .withAllowPrivilegeEscalation(false)
        .withReadOnlyRootFilesystem(true)
        .withRunAsNonRoot(true)
        .withNewCapabilities()
        .addToDrop("ALL")
        .endCapabilities()
        .endSecurityContext()
        // Both, so that quotas and limit ranges that demand them are met. sshd's memory is bounded
        // by the SSH windows; no CPU limit worth the name would be fast enough, so it is generous.
        .withNewResources()
        .addToRequests("cpu", new Quantity("10m"))
        .addToRequests("memory", new Quantity("32Mi"))
        .addToLimits("cpu", new Quantity("2"))
        .addToLimits("memory", new Quantity("256Mi"))
        .endResources()
        .addNewVolumeMount()
        .withName(KEYS)
        .withMountPath("/etc/ktd/ssh")
        .withReadOnly(true)
        .endVolumeMount()
        .addNewVolumeMount()
        .withName(RUN)
        .withMountPath("/run/ktd")
        .endVolumeMount()
        .endContainer()
        .addNewVolume()
        .withName(KEYS)
        .withNewSecret()
        .withSecretName(name(spec))
        // Readable by any uid: there is no fsGroup, which OpenShift would refuse.
        .withDefaultMode(0444)
        .endSecret()
        .endVolume()
        .addNewVolume()
        .withName(RUN)
        .withNewEmptyDir()
        .withMedium("Memory")
        .withSizeLimit(new Quantity("4Mi"))
        .endEmptyDir()
        .endVolume()
        .build();
  }

  /**
   * Owned by the Job, so that it goes with it. Without blockOwnerDeletion, which some clusters
   * allow only to those who may update the Job's finalizers.
   */
  static Secret secret(Job job, ProxySpec spec) {
    return new SecretBuilder()
        .withNewMetadata()
        .withName(name(spec))
        .withNamespace(job.getMetadata().getNamespace())
        .withLabels(labels(spec))
        .addNewOwnerReference()
        .withApiVersion("batch/v1")
        .withKind("Job")
        .withName(job.getMetadata().getName())
        .withUid(job.getMetadata().getUid())
        .endOwnerReference()
        .endMetadata()
        .withType("Opaque")
        .addToData("host_key", base64(spec.hostKey()))
        .addToData("authorized_keys", base64(spec.authorizedKeys()))
        .addToData("carrier_secret", base64(spec.carrierSecret()))
        .build();
  }

  /** True when the Job was made for this session, and not for one that has the same name. */
  static boolean isOf(Job job, ProxySpec spec) {
    var annotations = job.getMetadata().getAnnotations();
    return annotations != null && fingerprint(spec).equals(annotations.get(KEY_ANNOTATION));
  }

  /** Of the public key that the session logs in with; each session makes its own. */
  private static String fingerprint(ProxySpec spec) {
    try {
      byte[] key = spec.authorizedKeys().getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(key));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }

  /** True when the Job of that name made the pod. */
  static boolean isOwned(Pod pod, String jobName) {
    List<OwnerReference> owners = pod.getMetadata().getOwnerReferences();
    return owners != null
        && owners.stream()
            .anyMatch(owner -> "Job".equals(owner.getKind()) && jobName.equals(owner.getName()));
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
