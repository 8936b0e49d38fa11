package dev.ktd.bench.transport;

import java.nio.file.Path;
import java.util.Map;

/** One way from this machine into the cluster, while it stands. */
interface Candidate extends AutoCloseable {

  /** How to get there by it. */
  Endpoint to(Target target);

  /** Its processes on this machine, by what they are; ids that end are no error. */
  Map<String, Long> processes();

  /** False once one of its processes has ended: it must be started anew. */
  boolean isAlive();

  @Override
  void close();

  /** Makes it stand; returns when it takes connections. */
  interface Starter {
    /**
     * @param kubeconfig the way to the API server
     * @throws Exception when it cannot; the message is shown, and the candidate is left out
     */
    Candidate start(Path kubeconfig) throws Exception;
  }

  /**
   * A candidate by name.
   *
   * @param everywhere whether it takes part in all rows, else only in some without a delay
   */
  record Entry(String name, boolean everywhere, Starter starter) {}
}
