package dev.ktd.os.linux;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.Change;
import dev.ktd.os.CommandRunner;
import dev.ktd.os.Host;
import dev.ktd.os.HostResolver;
import dev.ktd.os.Journal;
import dev.ktd.os.NetworkChanges;
import dev.ktd.os.RouteTable;
import dev.ktd.os.TunDevice;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A Linux host, or one network namespace of it: of the thread that calls. Every change is in the
 * journal before it is made. Any thread but an event loop; one caller at a time.
 */
public final class LinuxHost implements Host {
  private static final String ADDRESS = "198.18.0.1/32";
  private static final String ADDRESS_6 = "fd6b:7464::1/128";

  /** The default, 500 frames, is overrun by a thousand programs that connect at once. */
  private static final int QUEUE_FRAMES = 4096;

  private final Journal journal;
  private final Path resolvConf;
  private final CommandRunner commands;
  private final IpCommand ip;
  private final LinuxRoutes routes;
  private final Processes processes = new Processes();

  /** The host with its {@code /etc/resolv.conf}. */
  public LinuxHost(Journal journal) {
    this(journal, Path.of("/etc/resolv.conf"));
  }

  /** The same with another file in the place of {@code /etc/resolv.conf}. */
  public LinuxHost(Journal journal, Path resolvConf) {
    this.journal = journal;
    this.resolvConf = resolvConf;
    this.commands = new LinuxCommands();
    this.ip = new IpCommand(commands);
    this.routes = new LinuxRoutes(ip, journal);
  }

  @Override
  public TunDevice openTun(String name, int mtu, TunDevice.Offloads most) {
    var change = new Change.DeviceMade(name);
    journal.append(change);
    LinuxTun device;
    try {
      device = LinuxTun.open(LibC.load(), processes, name, mtu, most, () -> journal.forget(change));
    } catch (RuntimeException e) {
      journal.forget(change);
      throw e;
    }
    try {
      ip.batch(setUp(name, mtu), ErrorCode.TUN, "cannot set up the device " + name);
      return device;
    } catch (RuntimeException e) {
      device.close();
      throw e;
    }
  }

  private List<String> setUp(String name, int mtu) {
    List<String> batch = new ArrayList<>();
    batch.add("link set dev " + name + " mtu " + mtu + " txqueuelen " + QUEUE_FRAMES);
    batch.add("address add " + ADDRESS + " dev " + name);
    if (ip.hasIpv6(name)) {
      // No link-local address: nobody on the other side answers router solicitations.
      batch.add("link set dev " + name + " addrgenmode none");
      batch.add("address add " + ADDRESS_6 + " dev " + name + " nodad");
    }
    batch.add("link set dev " + name + " up");
    return batch;
  }

  @Override
  public List<String> claim() {
    long pid = ProcessHandle.current().pid();
    var self = new Change.DaemonRuns(pid, processes.identity(pid).orElse("unknown"));
    // Two daemons that start at once must not both find the journal free.
    return journal.alone(
        () -> {
          if (journal.pending().contains(self)) {
            return List.of();
          }
          List<String> undone = undoAll();
          journal.append(self);
          return undone;
        });
  }

  @Override
  public List<String> recover() {
    return journal.alone(this::undoAll);
  }

  private List<String> undoAll() {
    List<Change> pending = journal.pending();
    for (Change change : pending) {
      if (change instanceof Change.DaemonRuns daemon && isAnother(daemon)) {
        throw new KtdException(
            ErrorCode.CONFLICT,
            "ktd is running on this host (pid " + daemon.pid() + ")",
            "To disconnect:  ktd down        If that does not reach it:  sudo kill "
                + daemon.pid());
      }
    }
    List<String> lines = new ArrayList<>();
    for (Change change : pending.reversed()) {
      try {
        undo(change).ifPresent(lines::add);
      } catch (KtdException e) {
        lines.add(NOT_UNDONE + e.getMessage());
      }
    }
    return lines;
  }

  private boolean isAnother(Change.DaemonRuns daemon) {
    return daemon.pid() != ProcessHandle.current().pid()
        && processes.identity(daemon.pid()).equals(Optional.of(daemon.identity()));
  }

  private Optional<String> undo(Change change) {
    return switch (change) {
      case Change.DaemonRuns _ -> {
        journal.forget(change);
        yield Optional.empty();
      }
      case Change.FileReplaced(Path path, String _) -> new ResolvConf(path, journal).undo();
      case Change.RoutesAdded(int protocol) -> {
        int count = routes.undo(protocol);
        yield count == 0
            ? Optional.empty()
            : Optional.of("removed " + count + (count == 1 ? " route" : " routes"));
      }
      case Change.DeviceMade(String name) -> removeDevice(name, change);
    };
  }

  /** Mostly the kernel has done it. A device that a stranger holds was made after our end. */
  private Optional<String> removeDevice(String name, Change change) {
    boolean there = ip.exists(name);
    boolean strangers =
        processes
            .holderOfTun(name)
            .filter(holder -> holder.pid() != ProcessHandle.current().pid())
            .isPresent();
    if (there && !strangers) {
      ip.run(ErrorCode.TUN, "cannot remove the device " + name, "link", "delete", "dev", name);
    }
    journal.forget(change);
    if (!there) {
      return Optional.empty();
    }
    return Optional.of(
        strangers ? "left " + name + ": another process holds it" : "removed the device " + name);
  }

  @Override
  public RouteTable routes() {
    return routes;
  }

  @Override
  public NetworkChanges networkChanges() {
    return new LinuxNetworkChanges(LibC.load());
  }

  @Override
  public HostResolver resolver() {
    return new ResolvConf(resolvConf, journal);
  }

  @Override
  public CommandRunner commands() {
    return commands;
  }
}
