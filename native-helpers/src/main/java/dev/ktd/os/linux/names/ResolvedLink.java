package dev.ktd.os.linux.names;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.CommandRunner;
import dev.ktd.os.HostResolver;
import java.io.IOException;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * systemd-resolved, by D-Bus (org.freedesktop.resolve1(5)) through busctl(1): names below our
 * suffixes go to the link of our device, all others stay where they were. What is set belongs to
 * the device and goes with it, so there is nothing to undo after a crash.
 */
final class ResolvedLink implements NameSetter {
  private static final Logger LOG = LoggerFactory.getLogger(ResolvedLink.class);

  /** What systemd-resolved writes for each link whose settings are not the default. */
  private static final Path LINKS = Path.of("/run/systemd/resolve/netif");

  private static final String SERVICE = "org.freedesktop.resolve1";
  private static final Duration LIMIT = Duration.ofSeconds(5);

  /**
   * How many domains a link may have (LINK_SEARCH_DOMAINS_MAX in resolved-link.h) of systemd since
   * 253, since 239 and before.
   */
  private static final List<Integer> MAX_DOMAINS = List.of(1024, 256, 32);

  private final CommandRunner commands;
  private final Path processes;
  private int index;

  ResolvedLink(CommandRunner commands) {
    this(commands, Path.of("/proc"));
  }

  ResolvedLink(CommandRunner commands, Path processes) {
    this.commands = commands;
    this.processes = processes;
  }

  /**
   * Whether systemd-resolved runs, and for the network that this thread is in: one bus may serve
   * several.
   */
  boolean runs() {
    try {
      CommandRunner.Result result =
          busctl(
              "org.freedesktop.DBus",
              "/org/freedesktop/DBus",
              "org.freedesktop.DBus",
              "GetConnectionUnixProcessID",
              "s",
              SERVICE);
      if (result.exitStatus() != 0) {
        LOG.debug("systemd-resolved is not on the bus: {}", result.errors().strip());
        return false;
      }
      String pid = result.output().strip().replaceFirst("^u ", "");
      return Files.readSymbolicLink(processes.resolve(pid).resolve("ns/net"))
          .equals(Files.readSymbolicLink(processes.resolve("thread-self/ns/net")));
    } catch (KtdException | IOException e) {
      LOG.debug("systemd-resolved cannot be asked: {}", e.getMessage());
      return false;
    }
  }

  @Override
  public void apply(HostResolver.Wanted wanted) {
    index = indexOf(wanted.device());
    byte[] server = wanted.server().getAddress();
    List<String> dns = new ArrayList<>(List.of("1", server.length == 4 ? "2" : "10"));
    dns.add(Integer.toString(server.length));
    for (byte each : server) {
      dns.add(Integer.toString(each & 0xff));
    }
    set("SetLinkDNS", "a(iay)", dns);
    setIfKnown("SetLinkDefaultRoute", "b", "false"); // since systemd 240
    // The cluster's own servers sign nothing, and are asked inside of our tunnel.
    setIfKnown("SetLinkDNSSEC", "s", "no");
    setIfKnown("SetLinkDNSOverTLS", "s", "no"); // since 239
    setIfKnown("SetLinkLLMNR", "s", "no");
    setIfKnown("SetLinkMulticastDNS", "s", "no");
    setDomains(wanted);
    manager("FlushCaches", List.of());
  }

  /** Without it a link that has domains is still asked for these only. */
  private void setIfKnown(String method, String signature, String value) {
    CommandRunner.@Nullable Result refused = trySet(method, signature, List.of(value));
    if (refused != null) {
      LOG.info("systemd-resolved knows no {}: {}", method, refused.errors().strip());
    }
  }

  /** The search list first: the limit of older versions must not cost it. */
  private void setDomains(HostResolver.Wanted wanted) {
    Map<String, Boolean> domains = new LinkedHashMap<>();
    wanted.search().forEach(domain -> domains.put(domain, false));
    // A search domain routes as well.
    wanted.suffixes().forEach(suffix -> domains.putIfAbsent(suffix, true));
    CommandRunner.@Nullable Result refused = null;
    for (int most : MAX_DOMAINS) {
      refused = trySet("SetLinkDomains", "a(sb)", texts(domains, most));
      if (refused == null) {
        if (domains.size() > most) {
          LOG.warn(
              "systemd-resolved takes {} domains: names below {} others need .svc",
              most,
              domains.size() - most);
        }
        return;
      }
    }
    throw refusal("SetLinkDomains", refused);
  }

  private static List<String> texts(Map<String, Boolean> domains, int most) {
    List<String> arguments = new ArrayList<>();
    arguments.add(Integer.toString(Math.min(domains.size(), most)));
    domains.entrySet().stream()
        .limit(most)
        .forEach(
            domain -> {
              arguments.add(domain.getKey());
              arguments.add(domain.getValue().toString());
            });
    return arguments;
  }

  /** Whether systemd-resolved still has the settings. Cheap. */
  boolean stands() {
    return index == 0 || Files.exists(LINKS.resolve(Integer.toString(index)));
  }

  @Override
  public void undo() {
    if (index == 0) {
      return;
    }
    CommandRunner.@Nullable Result refused = trySet("RevertLink", "", List.of());
    if (refused != null) {
      // The settings go with the device.
      LOG.debug("systemd-resolved did not revert the link: {}", refused.errors().strip());
    }
    index = 0;
  }

  private void set(String method, String signature, List<String> values) {
    CommandRunner.@Nullable Result refused = trySet(method, signature, values);
    if (refused != null) {
      throw refusal(method, refused);
    }
  }

  /** For our link; null when it was done. */
  private CommandRunner.@Nullable Result trySet(
      String method, String signature, List<String> values) {
    List<String> arguments = new ArrayList<>(List.of("i" + signature, Integer.toString(index)));
    arguments.addAll(values);
    CommandRunner.Result result = manager(method, arguments);
    return result.exitStatus() == 0 ? null : result;
  }

  private CommandRunner.Result manager(String method, List<String> arguments) {
    List<String> all =
        new ArrayList<>(
            List.of(
                SERVICE, "/org/freedesktop/resolve1", "org.freedesktop.resolve1.Manager", method));
    all.addAll(arguments);
    return busctl(all.toArray(String[]::new));
  }

  private CommandRunner.Result busctl(String... arguments) {
    List<String> command = new ArrayList<>(List.of("busctl", "--system", "call"));
    command.addAll(List.of(arguments));
    return commands.run(command, "", LIMIT);
  }

  private static int indexOf(String device) {
    try {
      NetworkInterface found = NetworkInterface.getByName(device);
      if (found != null) {
        return found.getIndex();
      }
    } catch (SocketException e) {
      throw new KtdException(ErrorCode.DNS, "cannot look up the device " + device, null, e);
    }
    throw new KtdException(ErrorCode.DNS, "the device " + device + " is gone", null);
  }

  private static KtdException refusal(String method, CommandRunner.@Nullable Result result) {
    return new KtdException(
        ErrorCode.DNS,
        "systemd-resolved refused "
            + method
            + (result == null ? "" : ": " + result.errors().strip()),
        "Look what it says:  journalctl -u systemd-resolved -n 20");
  }
}
