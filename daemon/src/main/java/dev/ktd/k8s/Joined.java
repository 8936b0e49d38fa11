package dev.ktd.k8s;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Waits for calls that run side by side. */
final class Joined {
  private Joined() {}

  /**
   * The result.
   *
   * @throws KtdException as the call says; INTERRUPTED when the waiting thread is interrupted
   */
  static <T extends @Nullable Object> T result(Future<T> call) {
    try {
      return call.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KtdException(ErrorCode.INTERRUPTED, "interrupted.", null, e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof KtdException known) {
        throw known;
      }
      throw new KtdException(
          ErrorCode.INTERNAL, "a call to the cluster failed: " + e.getCause(), null, e.getCause());
    }
  }
}
