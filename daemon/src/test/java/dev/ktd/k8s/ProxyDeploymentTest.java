package dev.ktd.k8s;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodIP;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class ProxyDeploymentTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String NAME = "ktd-ana-7f3c";
  private static final String IMAGE = "docker.io/ktd/proxy:0.1.0";

  private final FakeApiServer server = new FakeApiServer();
  private final BlockingQueue<String> progress = new LinkedBlockingQueue<>();
  private Cluster cluster;
  private ProxyDeployment deployment;

  @BeforeEach
  void connect() {
    cluster = server.connect();
    deployment =
        new ProxyDeployment(
            cluster,
            new ProxySpec(
                "ana@example.com", "7f3c", IMAGE, null, 60, "HOST KEY", "USER KEY", "SECRET"),
            Duration.ofMillis(300));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void secretHangsOnTheJob() {
    deployment.create();

    Job job = cluster.client().batch().v1().jobs().inNamespace("shop").withName(NAME).get();
    Secret secret = cluster.client().secrets().inNamespace("shop").withName(NAME).get();
    assertThat(deployment.name()).isEqualTo(NAME);
    assertThat(secret.getMetadata().getOwnerReferences())
        .singleElement()
        .satisfies(
            owner -> {
              assertThat(owner.getKind()).isEqualTo("Job");
              assertThat(owner.getUid()).isEqualTo(job.getMetadata().getUid());
              assertThat(owner.getBlockOwnerDeletion()).isNull();
            });
    assertThat(secret.getData()).containsOnlyKeys("host_key", "authorized_keys", "carrier_secret");
  }

  @Test
  void refusedSecretTakesTheJobAway() {
    server.refuse(
        "POST",
        "/api/v1/namespaces/shop/secrets",
        403,
        "secrets is forbidden: User \"ana\" cannot create resource \"secrets\" in API group \"\" in"
            + " the namespace \"shop\"");

    KtdException failure = failureOf(deployment::create);

    assertThat(failure.code()).isEqualTo(ErrorCode.FORBIDDEN);
    assertThat(failure).hasMessage("ana may not create secrets in namespace shop.");
    assertThat(cluster.client().batch().v1().jobs().inNamespace("shop").list().getItems())
        .isEmpty();
  }

  @Test
  void quotaOnJobsIsAdmission() {
    server.refuse(
        "POST",
        "/apis/batch/v1/namespaces/shop/jobs",
        403,
        "jobs.batch \"ktd-ana-7f3c\" is forbidden: exceeded quota: q, requested: count/jobs.batch=1,"
            + " used: count/jobs.batch=5, limited: count/jobs.batch=5");

    KtdException failure = failureOf(deployment::create);

    assertThat(failure.code()).isEqualTo(ErrorCode.ADMISSION);
    assertThat(failure.hint())
        .isEqualTo("Free some of it:  kubectl -n shop describe resourcequota");
  }

  @Test
  void missingNamespaceIsNamed() {
    server.refuse(
        "POST", "/apis/batch/v1/namespaces/shop/jobs", 404, "namespaces \"shop\" not found");

    assertThat(failureOf(deployment::create).code()).isEqualTo(ErrorCode.NAMESPACE);
  }

  @Test
  void takenNameIsAConflictAndItsOwnerKeepsTheJob() {
    deployment.create();
    var other =
        new ProxyDeployment(
            cluster,
            new ProxySpec("ana", "7f3c", IMAGE, null, 60, "HOST KEY 2", "USER KEY 2", "SECRET 2"));

    assertThat(failureOf(other::create).code()).isEqualTo(ErrorCode.CONFLICT);
    other.delete(LIMIT);

    assertThat(cluster.client().batch().v1().jobs().inNamespace("shop").withName(NAME).get())
        .isNotNull();
    assertThat(cluster.client().secrets().inNamespace("shop").withName(NAME).get()).isNotNull();
  }

  @Test
  void createdJobWhoseAnswerWasLostIsOurs() {
    deployment.create();

    deployment.create();
    deployment.delete(LIMIT);

    assertThat(cluster.client().batch().v1().jobs().inNamespace("shop").list().getItems())
        .isEmpty();
  }

  @Test
  void secretThatMayNotBeDeletedKeepsNoJob() {
    deployment.create();
    server.refuse("DELETE", "/api/v1/namespaces/shop/secrets/" + NAME, 403, "no");

    assertThat(failureOf(() -> deployment.delete(LIMIT)).code()).isEqualTo(ErrorCode.FORBIDDEN);

    assertThat(cluster.client().batch().v1().jobs().inNamespace("shop").list().getItems())
        .isEmpty();
  }

  @Test
  void progressIsToldAsItHappens() throws Exception {
    deployment.create();
    CompletableFuture<ProxyPod> waiting = waitInBackground();

    pod("a", pending());
    podEvent("a", "Normal", "Scheduled", "Successfully assigned");
    podEvent("a", "Normal", "Pulling", "Pulling image \"" + IMAGE + "\"");
    assertThat(next()).isEqualTo("scheduled");
    assertThat(next()).isEqualTo("pulling image " + IMAGE);
    podEvent("a", "Normal", "Pulled", "Successfully pulled image in 2s");
    assertThat(next()).isEqualTo("image pulled");
    pod("a", running());
    assertThat(next()).isEqualTo("running");

    ProxyPod pod = waiting.get(30, TimeUnit.SECONDS);
    assertThat(pod.namespace()).isEqualTo("shop");
    assertThat(pod.name()).isEqualTo("a");
    assertThat(pod.addresses())
        .containsExactly(InetAddress.ofLiteral("10.42.0.7"), InetAddress.ofLiteral("fd42::7"));
    assertThat(pod.node()).isEqualTo("node-1");
  }

  @Test
  void runningPodIsFoundAtOnce() {
    deployment.create();
    pod("a", running());

    assertThat(deployment.awaitRunning(progress::add, LIMIT).name()).isEqualTo("a");
    assertThat(deployment.awaitRunning(progress::add, LIMIT).name()).isEqualTo("a");
  }

  @Test
  void podOfAnotherPersonsSessionIsNotOurs() {
    deployment.create();
    pod("b", "ktd-bob-7f3c", running());

    assertThat(failureOf(() -> deployment.awaitRunning(progress::add, Duration.ofSeconds(1))))
        .hasMessage(
            "the proxy pod of ktd-ana-7f3c did not run within 1 s; the cluster has not created it.");
  }

  @Test
  void quotaIsToldInTheServersWords() {
    deployment.create();
    jobEvent(
        "Error creating: pods \"ktd-ana-7f3c-x\" is forbidden: exceeded quota: q, requested:"
            + " pods=1, used: pods=3, limited: pods=3");

    KtdException failure = awaitFailure();

    assertThat(failure.code()).isEqualTo(ErrorCode.ADMISSION);
    assertThat(failure)
        .hasMessage(
            "the namespace shop does not admit the proxy pod: pods \"ktd-ana-7f3c-x\" is forbidden:"
                + " exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=3.");
  }

  @Test
  void podSecurityIsToldInTheServersWords() throws Exception {
    deployment.create();
    CompletableFuture<ProxyPod> waiting = waitInBackground();
    jobEvent(
        "Error creating: pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\": y");

    KtdException failure = failureIn(waiting);

    assertThat(failure.code()).isEqualTo(ErrorCode.ADMISSION);
    assertThat(failure).hasMessageContaining("violates PodSecurity \"restricted:latest\": y.");
    assertThat(failure.hint()).contains("kubectl get namespace shop --show-labels");
  }

  @Test
  void limitRangeIsAdmission() {
    deployment.create();
    jobEvent(
        "Error creating: pods \"x\" is forbidden: maximum cpu usage per Container is 100m, but limit"
            + " is 2");

    KtdException failure = awaitFailure();

    assertThat(failure.code()).isEqualTo(ErrorCode.ADMISSION);
    assertThat(failure.hint()).isEqualTo("See:  kubectl -n shop describe limitrange");
  }

  @Test
  void serviceAccountOfANewNamespaceIsWaitedFor() throws Exception {
    deployment.create();
    jobEvent(
        "Error creating: pods \"x\" is forbidden: error looking up service account shop/default");
    CompletableFuture<ProxyPod> waiting = waitInBackground();

    pod("a", running());

    assertThat(waiting.get(30, TimeUnit.SECONDS).name()).isEqualTo("a");
  }

  @Test
  void missingImageSaysHowToGetItIntoKind() {
    deployment.create();
    cluster
        .client()
        .resource(
            new NodeBuilder()
                .withNewMetadata()
                .withName("node-1")
                .endMetadata()
                .withNewSpec()
                .withProviderID("kind://docker/lab/node-1")
                .endSpec()
                .build())
        .create();
    pod("a", waiting("ErrImagePull", "failed to pull and unpack: not found"));

    KtdException failure = awaitFailure();

    assertThat(failure.code()).isEqualTo(ErrorCode.IMAGE);
    assertThat(failure)
        .hasMessage(
            "the image "
                + IMAGE
                + " of the proxy pod a is not there for its node: ErrImagePull: failed to pull and"
                + " unpack: not found.");
    assertThat(failure.hint()).contains("kind load docker-image " + IMAGE + " --name lab");
  }

  @Test
  void missingImageOnAHiddenNodeGivesTheGeneralHint() {
    server.refuse("GET", "/api/v1/nodes/node-1", 403, "no");
    deployment.create();
    pod("a", waiting("ErrImageNeverPull", ""));

    KtdException failure = awaitFailure();

    assertThat(failure.code()).isEqualTo(ErrorCode.IMAGE);
    assertThat(failure.hint())
        .contains("ktd up --image REF --image-pull-secret SECRET")
        .contains("on the node node-1");
  }

  @Test
  void unschedulablePodIsToldInTheSchedulersWords() {
    deployment.create();
    pod("a", unschedulable());

    KtdException failure = awaitFailure();

    assertThat(failure.code()).isEqualTo(ErrorCode.PROXY);
    assertThat(failure)
        .hasMessage(
            "no node takes the proxy pod a: 0/3 nodes are available: 3 Insufficient memory.");
  }

  @Test
  void podThatWasLostMayWaitForANode() {
    deployment.create();
    pod("a", running());
    var _ = deployment.awaitRunning(progress::add, LIMIT);
    pod("a", new PodStatusBuilder().withPhase("Failed").withReason("Evicted").build());
    pod("b", unschedulable());

    KtdException failure =
        failureOf(() -> deployment.awaitRunning(progress::add, Duration.ofSeconds(2)));

    assertThat(failure.code()).as("a new Job helps nobody").isEqualTo(ErrorCode.TIMEOUT);
    assertThat(failure).hasMessageContaining("so far: waiting for a node");
  }

  @Test
  void crashShowsTheLastWords() {
    deployment.create();
    pod(
        "a",
        new PodStatusBuilder()
            .withPhase("Running")
            .addNewContainerStatus()
            .withName("ktd")
            .withNewState()
            .withNewTerminated()
            .withExitCode(255)
            .withReason("Error")
            .withMessage("1\n2\n3\n4\n5\nno host key\n")
            .endTerminated()
            .endState()
            .endContainerStatus()
            .build());

    KtdException failure = awaitFailure();

    assertThat(failure.code()).isEqualTo(ErrorCode.PROXY);
    assertThat(failure)
        .hasMessage(
            "the proxy in the pod a ended with exit status 255, its last words:\n"
                + "2\n3\n4\n5\nno host key");
  }

  @Test
  void evictionWhileConnectingIsNamed() throws Exception {
    deployment.create();
    CompletableFuture<ProxyPod> waiting = waitInBackground();
    pod("a", pending());
    assertThat(next()).isEqualTo("scheduled");

    pod(
        "a",
        new PodStatusBuilder()
            .withPhase("Failed")
            .withReason("Evicted")
            .withMessage("The node was low on resource: memory.")
            .build());

    KtdException failure = failureIn(waiting);
    assertThat(failure.code()).isEqualTo(ErrorCode.PROXY);
    assertThat(failure)
        .hasMessage(
            "the proxy pod a was evicted from its node: The node was low on resource: memory.");
  }

  @Test
  void deletionWhileConnectingIsNamed() throws Exception {
    deployment.create();
    CompletableFuture<ProxyPod> waiting = waitInBackground();
    pod("a", pending());
    assertThat(next()).isEqualTo("scheduled");

    cluster.client().pods().inNamespace("shop").withName("a").delete();

    assertThat(failureIn(waiting))
        .hasMessage("the proxy pod of ktd-ana-7f3c was deleted while it was starting.");
  }

  @Test
  void podThatWasLostIsWaitedForAnew() throws Exception {
    deployment.create();
    pod("a", running());
    var _ = deployment.awaitRunning(progress::add, LIMIT);
    progress.clear();
    pod("a", new PodStatusBuilder().withPhase("Failed").withReason("Evicted").build());

    CompletableFuture<ProxyPod> waiting = waitInBackground();
    pod("b", running());

    assertThat(waiting.get(30, TimeUnit.SECONDS).name()).isEqualTo("b");
  }

  @Test
  void jobThatIsGoneIsToldAtOnce() {
    deployment.create();
    deployment.delete(LIMIT);

    KtdException failure = awaitFailure();

    assertThat(failure.code()).isEqualTo(ErrorCode.PROXY);
    assertThat(failure).hasMessage("the proxy's Job ktd-ana-7f3c is gone.");
  }

  @Test
  void timeOutSaysWhatItWaitedFor() {
    deployment.create();
    pod("a", pending());
    podEvent("a", "Warning", "FailedMount", "MountVolume.SetUp failed: secret not found");

    KtdException failure =
        failureOf(() -> deployment.awaitRunning(progress::add, Duration.ofSeconds(3)));

    assertThat(failure.code()).isEqualTo(ErrorCode.TIMEOUT);
    assertThat(failure)
        .hasMessage(
            "the proxy pod of ktd-ana-7f3c did not run within 3 s; so far: scheduled; FailedMount:"
                + " MountVolume.SetUp failed: secret not found.");
  }

  @Test
  void eventsThatMayNotBeReadAreACourtesy() throws Exception {
    server.refuse("GET", "/api/v1/namespaces/shop/events", 403, "events is forbidden");
    deployment.create();
    CompletableFuture<ProxyPod> waiting = waitInBackground();

    pod("a", running());

    assertThat(waiting.get(30, TimeUnit.SECONDS).name()).isEqualTo("a");
  }

  @Test
  void interruptEndsTheWait() throws Exception {
    deployment.create();
    var result = new CompletableFuture<Throwable>();
    Thread thread =
        Thread.startVirtualThread(
            () -> {
              try {
                var _ = deployment.awaitRunning(progress::add, LIMIT);
                result.complete(new AssertionError("no pod runs"));
              } catch (KtdException e) {
                result.complete(e);
              }
            });
    pod("a", pending());
    assertThat(next()).isEqualTo("scheduled");

    thread.interrupt();

    assertThat(((KtdException) result.get(30, TimeUnit.SECONDS)).code())
        .isEqualTo(ErrorCode.INTERRUPTED);
  }

  @Test
  void deleteLeavesNothingAndMayBeRepeated() {
    deployment.create();

    deployment.delete(LIMIT);
    deployment.delete(LIMIT);

    assertThat(cluster.client().batch().v1().jobs().inNamespace("shop").list().getItems())
        .isEmpty();
    assertThat(cluster.client().secrets().inNamespace("shop").list().getItems()).isEmpty();
    assertThat(server.requests())
        .filteredOn(
            request -> request.getMethod().equals("DELETE") && request.getPath().contains("/jobs/"))
        .isNotEmpty()
        .allSatisfy(request -> assertThat(request.getUtf8Body()).contains("Foreground"));
  }

  @Test
  void podThatStaysIsNamed() {
    deployment.create();
    pod("a", running());

    KtdException failure = failureOf(() -> deployment.delete(Duration.ofMillis(500)));

    assertThat(failure.code()).isEqualTo(ErrorCode.TIMEOUT);
    assertThat(failure).hasMessageContaining("in namespace shop: pod a.");
  }

  private KtdException awaitFailure() {
    return failureOf(() -> deployment.awaitRunning(progress::add, LIMIT));
  }

  private static KtdException failureOf(ThrowingCallable call) {
    return catchThrowableOfType(KtdException.class, call);
  }

  private static KtdException failureIn(CompletableFuture<ProxyPod> waiting) {
    ExecutionException failure =
        catchThrowableOfType(ExecutionException.class, () -> waiting.get(30, TimeUnit.SECONDS));
    if (failure.getCause() instanceof KtdException known) {
      return known;
    }
    throw new AssertionError(failure);
  }

  private CompletableFuture<ProxyPod> waitInBackground() {
    return CompletableFuture.supplyAsync(
        () -> deployment.awaitRunning(progress::add, LIMIT), Thread::startVirtualThread);
  }

  private String next() throws InterruptedException {
    return String.valueOf(progress.poll(30, TimeUnit.SECONDS));
  }

  private static PodStatus pending() {
    return new PodStatusBuilder()
        .withPhase("Pending")
        .addNewCondition()
        .withType("PodScheduled")
        .withStatus("True")
        .endCondition()
        .build();
  }

  private static PodStatus unschedulable() {
    return new PodStatusBuilder()
        .withPhase("Pending")
        .addNewCondition()
        .withType("PodScheduled")
        .withStatus("False")
        .withReason("Unschedulable")
        .withMessage("0/3 nodes are available: 3 Insufficient memory.")
        .endCondition()
        .build();
  }

  private static PodStatus running() {
    return new PodStatusBuilder()
        .withPhase("Running")
        .withPodIPs(new PodIP("10.42.0.7"), new PodIP("fd42::7"))
        .addNewContainerStatus()
        .withName("ktd")
        .withNewState()
        .withNewRunning()
        .endRunning()
        .endState()
        .endContainerStatus()
        .build();
  }

  private static PodStatus waiting(String reason, String message) {
    return new PodStatusBuilder()
        .withPhase("Pending")
        .addNewContainerStatus()
        .withName("ktd")
        .withImage(IMAGE)
        .withNewState()
        .withNewWaiting()
        .withReason(reason)
        .withMessage(message)
        .endWaiting()
        .endState()
        .endContainerStatus()
        .build();
  }

  private void pod(String name, PodStatus status) {
    pod(name, NAME, status);
  }

  /** Creates the pod as the Job controller does, or gives it another status. */
  private void pod(String name, String job, PodStatus status) {
    var pods = cluster.client().pods().inNamespace("shop");
    Pod known = pods.withName(name).get();
    if (known != null) {
      known.setStatus(status);
      pods.resource(known).update();
      return;
    }
    pods.resource(
            new PodBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace("shop")
                .addToLabels(ProxyManifests.SESSION_LABEL, "7f3c")
                .addNewOwnerReference()
                .withApiVersion("batch/v1")
                .withKind("Job")
                .withName(job)
                .withUid("x")
                .endOwnerReference()
                .endMetadata()
                .withNewSpec()
                .withNodeName("node-1")
                .endSpec()
                .withStatus(status)
                .build())
        .create();
  }

  private void jobEvent(String message) {
    event("Job", NAME, "Warning", "FailedCreate", message);
  }

  private void podEvent(String pod, String type, String reason, String message) {
    event("Pod", pod, type, reason, message);
  }

  private void event(String kind, String name, String type, String reason, String message) {
    cluster
        .client()
        .v1()
        .events()
        .inNamespace("shop")
        .resource(
            new EventBuilder()
                .withNewMetadata()
                .withName(name + "." + reason.toLowerCase(Locale.ROOT))
                .withNamespace("shop")
                .endMetadata()
                .withNewInvolvedObject()
                .withKind(kind)
                .withName(name)
                .withNamespace("shop")
                .endInvolvedObject()
                .withType(type)
                .withReason(reason)
                .withMessage(message)
                .build())
        .create();
  }
}
