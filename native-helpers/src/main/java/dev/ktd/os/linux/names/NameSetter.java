package dev.ktd.os.linux.names;

import dev.ktd.os.HostResolver;

/** One way to have this host's programs ask our resolver. Blocks. */
interface NameSetter {
  /**
   * Sets it. Repeatable.
   *
   * @throws dev.ktd.error.KtdException DNS when it cannot be; nothing is then changed
   */
  void apply(HostResolver.Wanted wanted);

  /** Takes it back. Repeatable; does nothing where nothing is ours. */
  void undo();
}
