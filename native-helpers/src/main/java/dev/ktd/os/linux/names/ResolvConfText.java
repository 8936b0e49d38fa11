package dev.ktd.os.linux.names;

import dev.ktd.os.Cidr;
import dev.ktd.os.HostResolver;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import org.jspecify.annotations.Nullable;

/**
 * The text of a resolv.conf(5), ours or not. Ours is the original below a head of our own, with the
 * lines that would undo the head turned into comments; so the original can be had back from the
 * text alone, should the journal be lost.
 *
 * @param text bytes as ISO 8859-1, so that nothing is lost
 */
record ResolvConfText(String text) {
  /** First words of the first line of a file that is ours. */
  private static final String MARK = "#ktd# ";

  private static final String HEAD =
      MARK + "ktd answers cluster names while it is connected; to restore this file:  ktd recover";
  private static final String REST = MARK + "what follows was here before";
  private static final String LINK = MARK + "instead of a link to ";

  /** glibc and musl read no more name servers than this (MAXNS). */
  private static final int MAX_SERVERS = 3;

  /** musl passes over a longer line (src/network/resolvconf.c), older glibc over what is behind. */
  private static final int MAX_LINE = 254;

  private static final List<String> AUTHORS =
      List.of("NetworkManager", "resolvconf", "systemd-resolved", "dhclient", "dhcpcd");

  /** The file is as we wrote it, or as somebody changed it below our first line. */
  boolean isOurs() {
    return text.startsWith(MARK);
  }

  /** What was there before us; the text itself where it is not ours. */
  ResolvConfText original() {
    int rest = text.indexOf("\n" + REST + "\n");
    if (!isOurs() || rest < 0) {
      return this;
    }
    String below = text.substring(rest + REST.length() + 2);
    List<String> lines = new ArrayList<>();
    for (String line : below.split("\n", -1)) {
      lines.add(line.startsWith(MARK) ? line.substring(MARK.length()) : line);
    }
    return new ResolvConfText(String.join("\n", lines));
  }

  /** The link that was there before us, by our own text; null when there was none. */
  @Nullable String link() {
    String[] lines = text.split("\n", 3);
    return isOurs() && lines.length > 1 && lines[1].startsWith(LINK)
        ? lines[1].substring(LINK.length())
        : null;
  }

  /** Our text, which tells that it stands in the place of a link to {@code target}. */
  ResolvConfText insteadOf(String target) {
    return new ResolvConfText(
        text.replaceFirst("\n", "\n" + Matcher.quoteReplacement(LINK + target) + "\n"));
  }

  /** The program that says in a comment that it wrote the text; null when none does. */
  @Nullable String author() {
    for (String line : text.split("\n", -1)) {
      for (String author : AUTHORS) {
        if (line.startsWith("#") && line.contains(author)) {
          return author;
        }
      }
    }
    return null;
  }

  /** The text with our server first and our search list before the original's. */
  ResolvConfText with(HostResolver.Wanted wanted) {
    List<String> lines = new ArrayList<>();
    lines.add(HEAD);
    lines.add("nameserver " + Cidr.text(wanted.server()));
    String search = searchLine(wanted.search());
    if (!search.equals("search")) {
      lines.add(search);
    }
    List<String> below = new ArrayList<>();
    for (String line : text.split("\n", -1)) {
      String[] words = words(line);
      switch (words[0]) {
        // The last search or domain line wins.
        case "search", "domain" -> below.add(MARK + line);
        case "options" -> {
          List<String> kept = new ArrayList<>(Arrays.asList(words));
          // It would ask the others as often as us.
          if (kept.remove("rotate")) {
            below.add(MARK + line);
            if (kept.size() > 1) {
              lines.add(String.join(" ", kept));
            }
          } else {
            below.add(line);
          }
        }
        default -> below.add(line);
      }
    }
    lines.add(REST);
    lines.addAll(below);
    return new ResolvConfText(String.join("\n", lines));
  }

  /** The name servers that the C library would ask, in order. */
  List<InetAddress> servers() {
    List<InetAddress> servers = new ArrayList<>();
    for (String line : text.split("\n", -1)) {
      String[] words = words(line);
      if (words[0].equals("nameserver") && words.length > 1 && servers.size() < MAX_SERVERS) {
        try {
          servers.add(InetAddress.ofLiteral(words[1]));
        } catch (IllegalArgumentException _) {
          // The C library passes over it as well.
        }
      }
    }
    return List.copyOf(servers);
  }

  /** The search list: of the last line that has one. */
  List<String> search() {
    List<String> search = List.of();
    for (String line : text.split("\n", -1)) {
      String[] words = words(line);
      if (words[0].equals("search")) {
        search = List.of(words).subList(1, words.length);
      } else if (words[0].equals("domain") && words.length > 1) {
        search = List.of(words[1]);
      }
    }
    return search;
  }

  /** As many of the host's own entries behind ours as all C libraries read. */
  private String searchLine(List<String> wanted) {
    Set<String> entries = new LinkedHashSet<>(wanted);
    entries.addAll(search());
    var line = new StringBuilder("search");
    for (String entry : entries) {
      if (line.length() + 1 + entry.length() > MAX_LINE && !wanted.contains(entry)) {
        break;
      }
      line.append(' ').append(entry);
    }
    return line.toString();
  }

  /** Keywords begin at the first column; a line always has a first word, perhaps empty. */
  private static String[] words(String line) {
    return line.stripTrailing().split("[ \t]+", -1);
  }
}
