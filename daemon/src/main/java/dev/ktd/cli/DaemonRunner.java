package dev.ktd.cli;

/** The daemon, as the command line starts it. The root class gives it. */
@FunctionalInterface
public interface DaemonRunner {
  /**
   * Runs the daemon in this process until it is told to stop by a signal or, on demand, has nothing
   * left to do.
   *
   * @param onDemand started by {@code ktd up}, not by a service manager: it may end when idle
   * @throws dev.ktd.error.KtdException when it cannot start
   */
  void run(boolean onDemand) throws InterruptedException;
}
