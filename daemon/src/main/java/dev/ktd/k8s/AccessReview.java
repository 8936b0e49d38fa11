package dev.ktd.k8s;

import java.util.List;

/**
 * What the caller may do, asked before anything is made (SelfSubjectAccessReview).
 *
 * @param missingOptional rights without which ktd still works, as a person reads them, e.g. {@code
 *     list nodes}: the networks are then found less exactly
 */
public record AccessReview(List<String> missingOptional) {
  public AccessReview {
    missingOptional = List.copyOf(missingOptional);
  }

  /**
   * Asks for every right that {@code up} needs in the cluster's namespace. Blocks.
   *
   * @throws dev.ktd.error.KtdException FORBIDDEN, with exactly the verbs and resources that are
   *     missing
   */
  public static AccessReview requireForUp(Cluster cluster) {
    return NotYet.now();
  }
}
