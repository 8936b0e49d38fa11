package dev.ktd.cli;

/** Starts a daemon that outlives the command. */
@FunctionalInterface
interface DaemonStarter {
  /**
   * Returns when the daemon answers. Blocks.
   *
   * @throws dev.ktd.error.KtdException when it does not within its limit; with what it said last
   */
  void start() throws InterruptedException;
}
