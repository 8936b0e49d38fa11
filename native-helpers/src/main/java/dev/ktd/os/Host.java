package dev.ktd.os;

import java.util.List;

/** One operating system as ktd sees it. The root class chooses the implementation. */
public interface Host {
  /** Begins each line of {@link #claim} and {@link #recover} that tells what is still there. */
  String NOT_UNDONE = "not undone: ";

  /**
   * Makes a TUN device and brings it up with the addresses and queue length ktd needs.
   *
   * @param name interface name, at most 15 characters, e.g. {@code ktd0}
   * @param mtu in bytes
   * @param most asked for of the kernel; {@link TunDevice#offloads} says what there is of it
   * @throws dev.ktd.error.KtdException TUN when there is no TUN driver or the name is taken,
   *     PERMISSION when the process may not
   */
  TunDevice openTun(String name, int mtu, TunDevice.Offloads most);

  /** The same with all the offloads that the kernel has. */
  default TunDevice openTun(String name, int mtu) {
    return openTun(name, mtu, TunDevice.Offloads.ALL);
  }

  /**
   * Makes this process the one that changes the host, until {@link #recover}; first undoes what a
   * dead predecessor left.
   *
   * @return what was undone, a line each, e.g. {@code restored /etc/resolv.conf}; mostly empty
   * @throws dev.ktd.error.KtdException CONFLICT when another daemon is alive, STATE when the undo
   *     journal cannot be read or written
   */
  List<String> claim();

  /**
   * Undoes every change of ours that is still there, made by this process or by one that died.
   * Repeatable. What cannot be undone stays in the journal for the next attempt and is told in the
   * lines.
   *
   * @return what was undone, a line each; empty when nothing was left
   * @throws dev.ktd.error.KtdException CONFLICT when another daemon is alive, STATE when the undo
   *     journal cannot be read
   */
  List<String> recover();

  /** Routes into a device of ours. */
  RouteTable routes();

  /** What may have cut open connections: the network changed, the machine slept. */
  NetworkChanges networkChanges();

  /** How this host resolves names. */
  HostResolver resolver();

  /** Runs other programs, as root or as the person who asked. */
  CommandRunner commands();
}
