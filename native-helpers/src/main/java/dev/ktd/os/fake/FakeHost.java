package dev.ktd.os.fake;

import dev.ktd.os.Cidr;
import dev.ktd.os.CommandRunner;
import dev.ktd.os.Host;
import dev.ktd.os.HostResolver;
import dev.ktd.os.NetworkChanges;
import dev.ktd.os.Person;
import dev.ktd.os.RouteTable;
import dev.ktd.os.TunDevice;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A host in memory. {@link #state} is what a look at the machine would show, as sorted lines, e.g.
 * {@code tun ktd0 mtu 1500}, {@code route 10.43.0.0/16 dev ktd0}, {@code resolver 198.18.0.53
 * search a b}; {@link #log} is what was asked for, in order. Thread-safe.
 */
public final class FakeHost implements Host {
  private final Map<String, Integer> devices = new TreeMap<>();
  private final Map<String, List<Cidr>> routes = new TreeMap<>();
  private final List<RouteTable.Conflict> foreign = new ArrayList<>();
  private final List<String> log = new ArrayList<>();
  private final List<Consumer<NetworkChanges.Kind>> watchers = new CopyOnWriteArrayList<>();
  private final HostResolver.Current original;
  private HostResolver.@Nullable Wanted resolver;
  private Function<List<String>, CommandRunner.Result> programs =
      command -> new CommandRunner.Result(127, "", command.getFirst() + ": not found");

  /**
   * @param original what the host's resolver is without ktd
   */
  public FakeHost(HostResolver.Current original) {
    this.original = original;
  }

  /** A host with the name server 192.0.2.53 and no search list. */
  public FakeHost() {
    this(
        new HostResolver.Current(
            "resolv.conf", List.of(InetAddress.ofLiteral("192.0.2.53")), List.of()));
  }

  /** What is changed on the host now, sorted; empty when nothing is left behind. */
  public synchronized List<String> state() {
    List<String> lines = new ArrayList<>();
    devices.forEach((name, mtu) -> lines.add("tun " + name + " mtu " + mtu));
    routes.forEach(
        (device, networks) ->
            networks.forEach(network -> lines.add("route " + network + " dev " + device)));
    if (resolver != null) {
      lines.add(line(resolver));
    }
    return lines.stream().sorted().toList();
  }

  /** Everything that was asked for since the start. */
  public synchronized List<String> log() {
    return List.copyOf(log);
  }

  /** A route of someone else, for {@link RouteTable#conflicts}. */
  public synchronized void foreignRoute(Cidr network, String owner) {
    foreign.add(new RouteTable.Conflict(network, owner));
  }

  /** Answers commands; the default says that nothing is installed. */
  public synchronized void programs(Function<List<String>, CommandRunner.Result> programs) {
    this.programs = programs;
  }

  @Override
  public synchronized TunDevice openTun(String name, int mtu, TunDevice.Offloads most) {
    log.add("tun " + name + " mtu " + mtu);
    devices.put(name, mtu);
    return new FakeTun(name, mtu);
  }

  @Override
  public synchronized List<String> claim() {
    log.add("claim");
    return List.of();
  }

  @Override
  public synchronized List<String> recover() {
    log.add("recover");
    List<String> undone = state().stream().map(line -> "removed " + line).toList();
    devices.clear();
    routes.clear();
    resolver = null;
    return undone;
  }

  @Override
  public RouteTable routes() {
    return new FakeRoutes();
  }

  /** What happens to the host; told to all who watch, on the caller's thread. */
  public void happens(NetworkChanges.Kind kind) {
    watchers.forEach(watcher -> watcher.accept(kind));
  }

  /** How many watch for changes now. */
  public int watchers() {
    return watchers.size();
  }

  @Override
  public NetworkChanges networkChanges() {
    return (_, listener) -> {
      watchers.add(listener);
      return () -> watchers.remove(listener);
    };
  }

  @Override
  public HostResolver resolver() {
    return new FakeResolver();
  }

  @Override
  public CommandRunner commands() {
    return new FakeCommands();
  }

  private static String line(HostResolver.Wanted wanted) {
    return "resolver "
        + Cidr.text(wanted.server())
        + " search "
        + String.join(" ", wanted.search());
  }

  private final class FakeTun implements TunDevice {
    private final String name;
    private final int mtu;

    FakeTun(String name, int mtu) {
      this.name = name;
      this.mtu = mtu;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public int mtu() {
      return mtu;
    }

    @Override
    public Offloads offloads() {
      return Offloads.NONE;
    }

    /** There is none: frames go through the test's own port. */
    @Override
    public int descriptor() {
      return -1;
    }

    @Override
    public void close() {
      synchronized (FakeHost.this) {
        log.add("close " + name);
        devices.remove(name);
        routes.remove(name);
      }
    }
  }

  private final class FakeRoutes implements RouteTable {
    @Override
    public void apply(String device, List<Cidr> wanted) {
      synchronized (FakeHost.this) {
        log.add("routes " + device + " " + wanted);
        routes.put(device, List.copyOf(wanted));
      }
    }

    @Override
    public void reset() {
      synchronized (FakeHost.this) {
        log.add("routes reset");
        routes.clear();
      }
    }

    @Override
    public List<Conflict> conflicts(Cidr network) {
      synchronized (FakeHost.this) {
        return foreign.stream().filter(each -> each.network().overlaps(network)).toList();
      }
    }
  }

  private final class FakeResolver implements HostResolver {
    @Override
    public Current current() {
      return original;
    }

    @Override
    public void apply(Wanted wanted) {
      synchronized (FakeHost.this) {
        log.add(line(wanted));
        resolver = wanted;
      }
    }

    @Override
    public void reset() {
      synchronized (FakeHost.this) {
        log.add("resolver reset");
        resolver = null;
      }
    }
  }

  private final class FakeCommands implements CommandRunner {
    @Override
    public Result run(List<String> command, String input, Duration limit) {
      synchronized (FakeHost.this) {
        log.add("run " + String.join(" ", command));
        return programs.apply(command);
      }
    }

    @Override
    public Result runAs(
        Person person,
        List<String> command,
        Map<String, String> environment,
        String input,
        Duration limit) {
      synchronized (FakeHost.this) {
        log.add("run as " + person.name() + " " + String.join(" ", command));
        return programs.apply(command);
      }
    }
  }
}
