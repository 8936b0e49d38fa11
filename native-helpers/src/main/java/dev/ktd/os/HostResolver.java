package dev.ktd.os;

import java.net.InetAddress;
import java.util.List;

/** How this host resolves names. Desired state, repeatable; the original is kept for the undo. */
public interface HostResolver {
  /** What the host has now, without our changes, also after a crash of ours. */
  Current current();

  /**
   * Points the host's names at ours.
   *
   * @throws dev.ktd.error.KtdException DNS when the arrangement cannot be changed; nothing is then
   *     changed
   */
  void apply(Wanted wanted);

  /** Puts back what was there. Repeatable; does nothing where nothing is ours. */
  void reset();

  /**
   * @param mode name of the arrangement, as shown by {@code ktd status}, e.g. {@code resolv.conf}
   * @param servers the host's own servers, in order; never ours
   * @param search the host's own search list
   */
  record Current(String mode, List<InetAddress> servers, List<String> search) {}

  /**
   * @param server address of our resolver
   * @param search search list to put before the host's own
   * @param suffixes names below these are answered by us (only hosts that can split use it)
   */
  record Wanted(InetAddress server, List<String> search, List<String> suffixes) {}
}
