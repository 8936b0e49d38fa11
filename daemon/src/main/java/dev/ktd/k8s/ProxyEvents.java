package dev.ktd.k8s;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import io.fabric8.kubernetes.api.model.Event;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What events about the Job and its pod mean, for people. A pure reading, no calls. */
final class ProxyEvents {
  private ProxyEvents() {}

  /** A step to show, or null. */
  static @Nullable String progress(Event event) {
    String message = event.getMessage() == null ? "" : event.getMessage();
    return switch (String.valueOf(event.getReason())) {
      case "Pulling" ->
          // Pulling image "X"
          "pulling image " + message.replaceFirst("^Pulling image ", "").replace("\"", "");
      case "Pulled" -> message.contains("already present") ? "image present" : "image pulled";
      default -> null;
    };
  }

  /** What hinders the start but may pass; for the message when time is up. Or null. */
  static @Nullable String trouble(Event event) {
    return "Warning".equals(event.getType())
        ? event.getReason() + ": " + (event.getMessage() == null ? "" : event.getMessage().strip())
        : null;
  }

  /** The Job controller may not create the pod, and trying again will not help. Or null. */
  static @Nullable KtdException refusal(Event event, String namespace) {
    if (!"FailedCreate".equals(event.getReason()) || event.getMessage() == null) {
      return null;
    }
    String text = event.getMessage().strip().replaceFirst("^Error creating: ", "");
    String lower = text.toLowerCase(Locale.ROOT);
    // In a namespace made a moment ago: its service account follows.
    if (lower.contains("serviceaccount") || lower.contains("service account")) {
      return null;
    }
    return admission(text, namespace);
  }

  /** True for a refusal of admission rather than of authorization; both are 403. */
  static boolean isAdmission(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    return lower.contains("exceeded quota")
        || lower.contains("failed quota")
        || lower.contains("violates podsecurity")
        || lower.contains("denied the request")
        || lower.contains("usage per")
        || lower.contains("security context constraint");
  }

  static KtdException admission(String text, String namespace) {
    String lower = text.toLowerCase(Locale.ROOT);
    String hint;
    if (lower.contains("quota")) {
      hint = "Free some of it:  kubectl -n " + namespace + " describe resourcequota";
    } else if (lower.contains("podsecurity")) {
      hint =
          "The proxy asks for nothing above the level \"restricted\". See:  kubectl get namespace "
              + namespace
              + " --show-labels";
    } else if (lower.contains("usage per")) {
      hint = "See:  kubectl -n " + namespace + " describe limitrange";
    } else {
      hint = "Ask whoever runs the cluster, or choose another:  ktd up --namespace NAME";
    }
    return new KtdException(
        ErrorCode.ADMISSION,
        "the namespace "
            + namespace
            + " does not admit the proxy pod: "
            + text.replaceAll("\\.$", "")
            + ".",
        hint);
  }
}
