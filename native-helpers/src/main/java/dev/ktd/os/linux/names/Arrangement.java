package dev.ktd.os.linux.names;

import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Which setters this host needs. A program may ask systemd-resolved (by its stub, by nss-resolve or
 * by D-Bus) or the servers in resolv.conf; on some hosts there are programs of both kinds.
 *
 * @param link the link in systemd-resolved is set
 * @param file how resolv.conf is changed
 */
record Arrangement(boolean link, File file) {
  enum File {
    /** Not at all: it leads to systemd-resolved. */
    UNCHANGED,
    /** By a record of resolvconf(8), which writes it. */
    RESOLVCONF,
    /** By writing it. */
    WRITTEN
  }

  /** Where systemd-resolved answers programs that read resolv.conf: systemd-resolved.service(8). */
  private static final Set<InetAddress> STUBS =
      Set.of(InetAddress.ofLiteral("127.0.0.53"), InetAddress.ofLiteral("127.0.0.54"));

  /** Pure. */
  static Arrangement of(NameFacts facts) {
    if (facts.resolved() && leadsToResolved(facts)) {
      return new Arrangement(true, File.UNCHANGED);
    }
    return new Arrangement(
        facts.resolved(), writtenByResolvconf(facts) ? File.RESOLVCONF : File.WRITTEN);
  }

  private static boolean leadsToResolved(NameFacts facts) {
    return !facts.servers().isEmpty() && STUBS.containsAll(facts.servers());
  }

  private static boolean writtenByResolvconf(NameFacts facts) {
    String link = facts.link();
    String author = facts.author();
    return facts.resolvconf()
        && ((link != null && link.contains("/resolvconf/"))
            || (author != null && author.toLowerCase(Locale.ROOT).equals("resolvconf")));
  }

  /** The servers that answered the host's names before us, none of them a way back to us. */
  List<InetAddress> servers(NameFacts facts) {
    return file == File.UNCHANGED ? facts.uplinks() : facts.servers();
  }

  /** As {@code ktd status} shows it. */
  String mode() {
    String written =
        switch (file) {
          case UNCHANGED -> "";
          case RESOLVCONF -> "resolvconf";
          case WRITTEN -> "resolv.conf";
        };
    if (!link) {
      return written;
    }
    return written.isEmpty() ? "systemd-resolved" : "systemd-resolved and " + written;
  }
}
