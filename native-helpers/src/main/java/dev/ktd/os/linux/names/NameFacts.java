package dev.ktd.os.linux.names;

import dev.ktd.os.Cidr;
import java.net.InetAddress;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What was found on this host that has to do with names, without our own changes.
 *
 * @param link where {@code /etc/resolv.conf} leads as a symbolic link; null when it is none
 * @param author the program that says in the file that it wrote it; null when none does
 * @param servers the name servers in it
 * @param search the search list in it
 * @param uplinks the servers that systemd-resolved asks; empty when it does not run
 * @param resolved systemd-resolved runs, and in this network namespace
 * @param nssResolve the C library asks systemd-resolved before it reads the file (nsswitch.conf(5))
 * @param resolvconf a resolvconf(8) is installed that keeps records of its own
 */
record NameFacts(
    @Nullable String link,
    @Nullable String author,
    List<InetAddress> servers,
    List<String> search,
    List<InetAddress> uplinks,
    boolean resolved,
    boolean nssResolve,
    boolean resolvconf) {

  /** All of them on one line, for the log. */
  String line() {
    return "resolv.conf is "
        + (link == null ? "a file" : "a link to " + link)
        + (author == null ? "" : " by " + author)
        + ", servers "
        + list(servers)
        + ", search "
        + (search.isEmpty() ? "-" : String.join(" ", search))
        + "; systemd-resolved "
        + (resolved ? "runs, asks " + list(uplinks) : "does not run")
        + (nssResolve ? ", nsswitch.conf names it" : "")
        + "; "
        + (resolvconf ? "resolvconf" : "no resolvconf");
  }

  private static String list(List<InetAddress> servers) {
    return servers.isEmpty()
        ? "-"
        : servers.stream().map(Cidr::text).collect(Collectors.joining(" "));
  }
}
