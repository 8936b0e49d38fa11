package dev.ktd.os.linux;

import dev.ktd.os.Cidr;
import dev.ktd.os.HostResolver;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

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

  /** glibc and musl read no more name servers than this (MAXNS). */
  private static final int MAX_SERVERS = 3;

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

  /** The text with our server first and our search list before the original's. */
  ResolvConfText with(HostResolver.Wanted wanted) {
    List<String> lines = new ArrayList<>();
    lines.add(HEAD);
    lines.add("nameserver " + Cidr.text(wanted.server()));
    Set<String> search = new LinkedHashSet<>(wanted.search());
    search.addAll(search());
    if (!search.isEmpty()) {
      lines.add("search " + String.join(" ", search));
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

  /** Keywords begin at the first column; a line always has a first word, perhaps empty. */
  private static String[] words(String line) {
    return line.stripTrailing().split("[ \t]+", -1);
  }
}
