package dev.ktd.os.linux.names;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.ktd.os.Change;
import dev.ktd.os.CommandRunner;
import dev.ktd.os.HostResolver;
import dev.ktd.os.Journal;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Names on a Linux host: {@link NameFacts} are looked up, {@link Arrangement} decides what they
 * need, and the {@link NameSetter}s do it. Any thread; one caller at a time. Blocks.
 */
public final class LinuxNames implements HostResolver {
  private static final Logger LOG = LoggerFactory.getLogger(LinuxNames.class);

  /** The servers that systemd-resolved asks; it writes the file when it starts. */
  private static final Path UPLINKS = Path.of("/run/systemd/resolve/resolv.conf");

  private static final Path NSSWITCH = Path.of("/etc/nsswitch.conf");
  private static final List<Path> RESOLVCONF =
      List.of(Path.of("/sbin/resolvconf"), Path.of("/usr/sbin/resolvconf"));

  private final Journal journal;
  private final ResolvConf file;
  private final ResolvedLink link;
  private final ResolvconfRecord record;

  /** The facts that were logged last. */
  private @Nullable NameFacts told;

  private @Nullable Applied applied;

  /** resolvconf puts other servers first. */
  private boolean recordIsUseless;

  /**
   * @param resolvConf {@code /etc/resolv.conf}
   */
  public LinuxNames(Path resolvConf, Journal journal, CommandRunner commands) {
    this.journal = journal;
    this.file = new ResolvConf(resolvConf, journal);
    this.link = new ResolvedLink(commands);
    this.record = new ResolvconfRecord(commands, journal);
  }

  /** What was set, and what was there to read afterwards. */
  private record Applied(Wanted wanted, Arrangement arrangement, Seen seen) {}

  /**
   * What tells whether it still stands: all of it read from files.
   *
   * @param file what programs read; empty where we did not change it
   * @param own what it would say without us; its servers alone where systemd-resolved writes our
   *     search list into it
   * @param uplinks of systemd-resolved; empty where it is not in use
   */
  private record Seen(String file, String own, List<InetAddress> uplinks) {}

  @Override
  public synchronized Current current() {
    NameFacts facts = look();
    Arrangement arrangement = Arrangement.of(facts);
    if (!facts.equals(told)) {
      LOG.info("names: {} -> {}", facts.line(), arrangement.mode());
      told = facts;
    }
    return new Current(arrangement.mode(), arrangement.servers(facts), facts.search());
  }

  @Override
  public synchronized void apply(Wanted wanted) {
    Arrangement arrangement = Arrangement.of(look());
    if (arrangement.link()) {
      link.apply(wanted);
    } else {
      link.undo();
    }
    switch (arrangement.file()) {
      case UNCHANGED -> {
        record.undo();
        file.undo();
      }
      case RESOLVCONF -> {
        if (!takesRecord(wanted)) {
          file.apply(wanted);
        }
      }
      case WRITTEN -> {
        record.undo();
        file.apply(wanted);
      }
    }
    applied = new Applied(wanted, arrangement, see(wanted, arrangement));
  }

  /**
   * Whether our server is first by resolvconf's own means. It may have been told to put others
   * first (interface-order), or to name only a server on this host, which then asks ours or not.
   */
  private boolean takesRecord(Wanted wanted) {
    if (!recordIsUseless) {
      file.undo();
      record.apply(wanted);
      String text = file.read();
      List<InetAddress> servers = new ResolvConfText(text == null ? "" : text).servers();
      recordIsUseless = servers.isEmpty() || !servers.getFirst().equals(wanted.server());
    }
    if (recordIsUseless) {
      LOG.info("resolvconf does not put our server first: its file is replaced by ours");
      record.undo();
    }
    return !recordIsUseless;
  }

  @Override
  public synchronized boolean stands() {
    return applied == null
        || (applied.seen().equals(see(applied.wanted(), applied.arrangement()))
            && (!applied.arrangement().link() || link.stands()));
  }

  @Override
  public synchronized void reset() {
    applied = null;
    link.undo();
    record.undo();
    file.undo();
  }

  /**
   * Undoes a change that a dead process of ours made.
   *
   * @return what was done; empty when nothing was left
   */
  public Optional<String> restore(Change.NameChange change) {
    return switch (change) {
      // Of the path it was made at, whichever this host's is now.
      case Change.FileReplaced replaced -> new ResolvConf(replaced.path(), journal).restore();
      case Change.ResolvconfRecord _ -> record.restore();
    };
  }

  private NameFacts look() {
    ResolvConfText text = file.withoutUs();
    boolean resolved = Files.exists(UPLINKS) && link.runs();
    return new NameFacts(
        file.link(),
        text.author(),
        notOurs(text.servers()),
        text.search().stream().filter(entry -> !isOurs(entry)).toList(),
        resolved ? uplinks() : List.of(),
        resolved,
        nssResolve(),
        RESOLVCONF.stream().anyMatch(LinuxNames::keepsRecords));
  }

  private Seen see(Wanted wanted, Arrangement arrangement) {
    ResolvConfText own = file.withoutUs();
    List<InetAddress> uplinks =
        arrangement.link() ? without(wanted.server(), uplinks()) : List.of();
    if (arrangement.file() == Arrangement.File.UNCHANGED) {
      return new Seen("", own.servers().toString(), uplinks);
    }
    return new Seen(Objects.requireNonNullElse(file.read(), ""), own.text(), uplinks);
  }

  private boolean isOurs(String entry) {
    return applied != null && applied.wanted().search().contains(entry);
  }

  /** With resolvconf and systemd-resolved the lists name ours as well. */
  private List<InetAddress> notOurs(List<InetAddress> servers) {
    return applied == null ? servers : without(applied.wanted().server(), servers);
  }

  private static List<InetAddress> without(InetAddress ours, List<InetAddress> servers) {
    return servers.stream().filter(server -> !server.equals(ours)).toList();
  }

  private List<InetAddress> uplinks() {
    return notOurs(new ResolvConfText(readOr(UPLINKS)).servers());
  }

  private static boolean nssResolve() {
    return readOr(NSSWITCH).lines().anyMatch(line -> line.matches("hosts:.*\\bresolve\\b.*"));
  }

  /** systemd's resolvectl plays resolvconf, too, and then it is a link to that. */
  private static boolean keepsRecords(Path program) {
    try {
      return Files.isExecutable(program)
          && !program.toRealPath().getFileName().toString().equals("resolvectl");
    } catch (IOException e) {
      return false;
    }
  }

  private static String readOr(Path path) {
    try {
      return Files.readString(path, ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }
}
