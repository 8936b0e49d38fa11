package dev.ktd.k8s;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the caller may do, asked before anything is made (SelfSubjectAccessReview).
 *
 * @param missingOptional rights without which ktd still works, as a person reads them, e.g. {@code
 *     list nodes}: the networks are then found less exactly, or progress is told in less detail
 */
public record AccessReview(List<String> missingOptional) {
  /** The Job's pod is made by the Job controller: no right to create pods is needed. */
  private static final List<Right> REQUIRED =
      List.of(
          Right.inNamespace("create", "batch", "jobs"),
          Right.inNamespace("get", "batch", "jobs"),
          Right.inNamespace("delete", "batch", "jobs"),
          Right.inNamespace("create", "", "secrets"),
          Right.inNamespace("delete", "", "secrets"),
          Right.inNamespace("list", "", "pods"),
          Right.inNamespace("watch", "", "pods"),
          Right.inNamespace("create", "", "pods/portforward"));

  private static final List<Right> OPTIONAL =
      List.of(
          Right.inNamespace("list", "", "events"),
          Right.inNamespace("watch", "", "events"),
          Right.inCluster("list", "networking.k8s.io", "servicecidrs"),
          Right.inCluster("list", "", "nodes"),
          Right.inCluster("list", "", "services"),
          Right.inCluster("list", "", "pods"));

  public AccessReview {
    missingOptional = List.copyOf(missingOptional);
  }

  /**
   * Asks for every right that {@code up} needs in the cluster's namespace, all at once. Blocks.
   *
   * @throws KtdException FORBIDDEN, with exactly the verbs and resources that are missing
   */
  public static AccessReview requireForUp(Cluster cluster) {
    List<Right> asked = new ArrayList<>(REQUIRED);
    asked.addAll(OPTIONAL);
    Map<Right, Future<Boolean>> answers = new LinkedHashMap<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Right right : asked) {
        answers.put(right, threads.submit(() -> allowed(cluster, right)));
      }
    }
    List<Right> denied = new ArrayList<>();
    for (var answer : answers.entrySet()) {
      if (!Joined.result(answer.getValue())) {
        denied.add(answer.getKey());
      }
    }
    List<Right> missing = REQUIRED.stream().filter(denied::contains).toList();
    if (!missing.isEmpty()) {
      throw new KtdException(
          ErrorCode.FORBIDDEN,
          cluster.userName()
              + " may not "
              + byResource(missing)
              + " in namespace "
              + cluster.namespace()
              + ".",
          "Ask an administrator of the cluster for a Role with these verbs in namespace "
              + cluster.namespace()
              + ".");
    }
    return new AccessReview(
        OPTIONAL.stream().filter(denied::contains).map(Right::toString).toList());
  }

  private static boolean allowed(Cluster cluster, Right right) {
    var review =
        new SelfSubjectAccessReviewBuilder()
            .withNewSpec()
            .withNewResourceAttributes()
            .withNamespace(right.namespaced() ? cluster.namespace() : null)
            .withVerb(right.verb())
            .withGroup(right.group())
            .withResource(right.resource())
            .withSubresource(right.subresource())
            .endResourceAttributes()
            .endSpec()
            .build();
    try {
      var answer = cluster.client().authorization().v1().selfSubjectAccessReview().create(review);
      return answer.getStatus() != null && Boolean.TRUE.equals(answer.getStatus().getAllowed());
    } catch (KubernetesClientException e) {
      if (e.getCode() == 403 || ApiErrors.notFound(e)) {
        return true; // Not even this may be asked: the calls themselves will tell.
      }
      throw cluster.translate("review access", e);
    }
  }

  /** {@code create, delete jobs.batch; create pods/portforward}. */
  private static String byResource(List<Right> rights) {
    Map<String, String> verbs =
        rights.stream()
            .collect(
                Collectors.groupingBy(
                    Right::qualified,
                    LinkedHashMap::new,
                    Collectors.mapping(Right::verb, Collectors.joining(", "))));
    return verbs.entrySet().stream()
        .map(entry -> entry.getValue() + " " + entry.getKey())
        .collect(Collectors.joining("; "));
  }

  /** One verb on one resource. */
  private record Right(
      String verb,
      String group,
      String resource,
      @Nullable String subresource,
      boolean namespaced) {
    static Right inNamespace(String verb, String group, String resource) {
      int slash = resource.indexOf('/');
      return slash < 0
          ? new Right(verb, group, resource, null, true)
          : new Right(
              verb, group, resource.substring(0, slash), resource.substring(slash + 1), true);
    }

    static Right inCluster(String verb, String group, String resource) {
      return new Right(verb, group, resource, null, false);
    }

    /** As in a Role: {@code jobs.batch}, {@code pods/portforward}. */
    String qualified() {
      return resource
          + (subresource == null ? "" : "/" + subresource)
          + (group.isEmpty() ? "" : "." + group);
    }

    @Override
    public String toString() {
      return verb + " " + qualified() + (namespaced ? "" : " in the whole cluster");
    }
  }
}
