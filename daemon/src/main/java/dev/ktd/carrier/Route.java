package dev.ktd.carrier;

/** The way to the proxy pod, which may be another pod each time it is asked for. */
@FunctionalInterface
public interface Route {
  /**
   * Finds the proxy pod, made anew where it is gone, and says how to reach it. Blocks, so never on
   * an event loop.
   *
   * @throws dev.ktd.error.KtdException if there is none, and none can be made
   */
  CarrierOpener find() throws InterruptedException;
}
