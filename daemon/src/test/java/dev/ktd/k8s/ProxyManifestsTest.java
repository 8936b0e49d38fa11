package dev.ktd.k8s;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProxyManifestsTest {
  private final Job job = ProxyManifests.job("shop", spec("ana"));
  private final PodSpec pod = job.getSpec().getTemplate().getSpec();
  private final Container container = pod.getContainers().getFirst();

  @ParameterizedTest
  @CsvSource({
    "ana, ktd-ana-7f3c",
    "ana@example.com, ktd-ana-7f3c",
    "oidc:Ana Müller, ktd-ana-m-ller-7f3c",
    "arn:aws:iam::1:user/ana, ktd-ana-7f3c",
    "system:admin, ktd-admin-7f3c",
    "___, ktd-user-7f3c",
    "'', ktd-user-7f3c",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,"
        + " ktd-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-7f3c",
  })
  void nameIsADnsLabel(String user, String name) {
    assertThat(ProxyManifests.name(spec(user))).isEqualTo(name).matches("[a-z0-9-]{1,63}");
  }

  @Test
  void jobOutlivesCrashesAndGoesAtOnce() {
    assertThat(job.getSpec().getTtlSecondsAfterFinished()).isZero();
    assertThat(job.getSpec().getBackoffLimit()).isGreaterThan(1000);
    assertThat(pod.getRestartPolicy()).isEqualTo("OnFailure");
    assertThat(job.getMetadata().getLabels())
        .containsEntry("app.kubernetes.io/name", "ktd")
        .containsEntry("app.kubernetes.io/managed-by", "ktd")
        .containsEntry("ktd.dev/session", "7f3c");
    assertThat(job.getSpec().getTemplate().getMetadata().getLabels())
        .containsEntry("ktd.dev/session", "7f3c");
  }

  @Test
  void podMeetsTheLevelRestricted() {
    assertThat(pod.getAutomountServiceAccountToken()).isFalse();
    assertThat(pod.getEnableServiceLinks()).isFalse();
    assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
    assertThat(pod.getSecurityContext().getRunAsUser()).isNull();
    assertThat(pod.getSecurityContext().getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
    assertThat(pod.getSecurityContext().getSysctls())
        .singleElement()
        .satisfies(
            sysctl -> {
              assertThat(sysctl.getName()).isEqualTo("net.ipv4.ping_group_range");
              assertThat(sysctl.getValue()).isEqualTo("0 2147483647");
            });
    assertThat(container.getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
    assertThat(container.getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
    assertThat(container.getSecurityContext().getCapabilities().getDrop()).containsExactly("ALL");
    assertThat(container.getSecurityContext().getCapabilities().getAdd()).isEmpty();
  }

  @Test
  void quotasThatDemandRequestsAndLimitsAreMet() {
    assertThat(container.getResources().getRequests()).containsOnlyKeys("cpu", "memory");
    assertThat(container.getResources().getLimits()).containsOnlyKeys("cpu", "memory");
  }

  @Test
  void pullSecretIsNamedWhereAskedFor() {
    var spec = new ProxySpec("ana", "7f3c", "registry/x", "pull", 60, "k", "a", "s");

    assertThat(pod.getImagePullSecrets()).isEmpty();
    assertThat(
            ProxyManifests.job("shop", spec)
                .getSpec()
                .getTemplate()
                .getSpec()
                .getImagePullSecrets())
        .singleElement()
        .satisfies(secret -> assertThat(secret.getName()).isEqualTo("pull"));
  }

  @Test
  void keysAreNotInTheJobNorInTheText() {
    assertThat(spec("ana").toString()).doesNotContain("KEY");
    assertThat(job.toString()).doesNotContain("HOST KEY").doesNotContain("USER KEY");
  }

  private static ProxySpec spec(String user) {
    return new ProxySpec(
        user, "7f3c", ProxySpec.DEFAULT_IMAGE, null, 60, "HOST KEY", "USER KEY", "SECRET");
  }
}
