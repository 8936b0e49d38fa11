package dev.ktd.session;

import dev.ktd.control.DnsTrace;
import dev.ktd.dns.DnsServer;
import dev.ktd.dns.Look;
import dev.ktd.dns.NameCheck;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.Cidr;
import dev.ktd.os.CommandRunner;
import dev.ktd.os.Host;
import dev.ktd.os.HostResolver;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Who answers a name, and why: what programs find, and what our resolver says to each full name
 * that a C library makes of it. Blocks: virtual threads only.
 */
final class NameTrace {
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private final Host host;
  private final DnsServer dns;
  private final HostResolver.Wanted wanted;

  /**
   * @param wanted what was applied to the host
   */
  NameTrace(Host host, DnsServer dns, HostResolver.Wanted wanted) {
    this.host = host;
    this.dns = dns;
    this.wanted = wanted;
  }

  DnsTrace of(String name) throws InterruptedException {
    HostResolver.Current current = host.resolver().current();
    Set<String> search = new LinkedHashSet<>(wanted.search());
    search.addAll(current.search());
    List<DnsTrace.Program> programs = new ArrayList<>();
    programs.add(byLibc(name));
    if (current.mode().startsWith("systemd-resolved")) {
      programs.add(byResolved(name));
    }
    return new DnsTrace(name, List.copyOf(search), programs, looks(name, search));
  }

  private DnsTrace.Program byLibc(String name) {
    boolean address = isAddress(name);
    long began = System.nanoTime();
    CommandRunner.Result result = run(List.of("getent", address ? "hosts" : "ahosts", name));
    List<String> answers =
        result == null
            ? List.of()
            : address
                ? result.output().lines().map(line -> line.replaceFirst("^\\S+\\s+", "")).toList()
                : NameCheck.parseGetent(result.output()).stream().map(Cidr::text).toList();
    String detail = result == null ? "no answer within " + LIMIT.toSeconds() + " s" : null;
    return new DnsTrace.Program("libc (getent)", answers, detail, since(began));
  }

  /** What resolvectl(1) prints: {@code NAME: ADDRESS -- link: ktd0}, each further one below it. */
  private DnsTrace.Program byResolved(String name) {
    long began = System.nanoTime();
    CommandRunner.Result result = run(List.of("resolvectl", "query", "--legend=no", name));
    List<String> answers = new ArrayList<>();
    String detail = null;
    for (String line : result == null ? List.<String>of() : result.output().lines().toList()) {
      String[] parts = line.strip().split("\\s+-- ", 2);
      if (parts.length == 2) {
        String[] words = parts[0].split("\\s+", -1);
        answers.add(words[words.length - 1]);
        detail = parts[1].strip();
      }
    }
    if (answers.isEmpty()) {
      detail = result == null ? "no answer" : result.errors().strip();
    }
    return new DnsTrace.Program("systemd-resolved", answers, detail, since(began));
  }

  private CommandRunner.@Nullable Result run(List<String> command) {
    try {
      return host.commands().run(command, "", LIMIT);
    } catch (KtdException e) {
      if (e.code() == ErrorCode.INTERRUPTED) {
        throw e;
      }
      return null;
    }
  }

  private static double since(long began) {
    return (System.nanoTime() - began) / 1e6;
  }

  /** In the order of resolv.conf(5) with {@code ndots:1}, up to the first that is found. */
  private List<DnsTrace.Look> looks(String name, Set<String> search) throws InterruptedException {
    if (isAddress(name)) {
      return List.of(look(NameCheck.reverse(InetAddress.ofLiteral(name)), "PTR"));
    }
    List<DnsTrace.Look> looks = new ArrayList<>();
    for (String candidate : candidates(name, search)) {
      DnsTrace.Look ipv4 = look(candidate, "A");
      looks.add(ipv4);
      if (found(ipv4)) {
        break;
      }
      if (ipv4.rcode().equals("NOERROR")) {
        DnsTrace.Look ipv6 = look(candidate, "AAAA");
        looks.add(ipv6);
        if (found(ipv6)) {
          break;
        }
      }
    }
    return looks;
  }

  private static List<String> candidates(String name, Set<String> search) {
    if (name.endsWith(".")) {
      return List.of(name.substring(0, name.length() - 1));
    }
    List<String> completed = search.stream().map(suffix -> name + "." + suffix).toList();
    List<String> all = new ArrayList<>(completed);
    all.add(name.contains(".") ? 0 : all.size(), name);
    return all;
  }

  private static boolean found(DnsTrace.Look look) {
    return look.records().stream().anyMatch(record -> record.startsWith(look.type() + " "));
  }

  private DnsTrace.Look look(String name, String type) throws InterruptedException {
    CompletableFuture<Look> asked = dns.look(name, type);
    try {
      Look look = asked.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
      return new DnsTrace.Look(
          look.name(),
          look.type(),
          look.rule(),
          look.server(),
          look.cached(),
          look.rcode(),
          look.records(),
          look.ttl(),
          look.millis());
    } catch (ExecutionException e) {
      throw e.getCause() instanceof KtdException known
          ? known
          : new KtdException(ErrorCode.DNS, "our resolver cannot be asked", null, e);
    } catch (TimeoutException e) {
      throw new KtdException(
          ErrorCode.DNS, "our resolver says nothing to " + name, "See:  ktd status", e);
    }
  }

  private static boolean isAddress(String name) {
    try {
      return InetAddress.ofLiteral(name).getAddress().length > 0;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
