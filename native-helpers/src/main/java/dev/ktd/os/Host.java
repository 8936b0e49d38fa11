package dev.ktd.os;

/** One operating system as ktd sees it. The root class chooses the implementation. */
public interface Host {
  /**
   * Makes a TUN device and brings it up with the addresses and queue length ktd needs.
   *
   * @param name interface name, at most 15 characters, e.g. {@code ktd0}
   * @param mtu in bytes
   * @throws dev.ktd.error.KtdException TUN when there is no TUN driver or the name is taken,
   *     PERMISSION when the process may not
   */
  TunDevice openTun(String name, int mtu);

  /** Routes into a device of ours. */
  RouteTable routes();

  /** How this host resolves names. */
  HostResolver resolver();

  /** Runs other programs, as root or as the person who asked. */
  CommandRunner commands();
}
