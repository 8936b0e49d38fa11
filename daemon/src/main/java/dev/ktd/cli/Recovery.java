package dev.ktd.cli;

import java.util.List;

/** Undoes on this host what a crashed daemon left. The root class gives it. */
@FunctionalInterface
public interface Recovery {
  /**
   * Undoes everything in the journal. Only called as root and while no daemon answers.
   *
   * @return one line for each thing undone, for people; empty when nothing was left
   * @throws dev.ktd.error.KtdException when something could not be undone
   */
  List<String> recover() throws InterruptedException;
}
