package dev.ktd.carrier;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the agent in the proxy pod says of itself when it lets a client in.
 *
 * @param version of the protocol, 1
 * @param nameservers addresses in the pod's resolv.conf, in their order; without those of a zone
 *     ({@code fe80::1%eth0}, RFC 4007), which mean something on the pod's own links only
 * @param search search list in the pod's resolv.conf
 * @param limitSeconds the pod ends itself when it hears nothing of its client for so long; a stream
 *     without a carrier as well
 */
public record AgentInfo(
    int version, List<InetAddress> nameservers, List<String> search, int limitSeconds) {
  private static final Pattern STRING = Pattern.compile("\"([^\"\\\\\\p{Cntrl}]{0,255})\"");
  private static final int ENTRIES = 32;

  /**
   * Reads the one line, which is JSON of a fixed shape without escapes.
   *
   * @throws IllegalArgumentException if it has another shape or version
   */
  public static AgentInfo parse(String line) {
    int version = number(line, "version");
    if (version != 1) {
      throw new IllegalArgumentException("protocol version " + version);
    }
    return new AgentInfo(
        version,
        strings(line, "nameservers").stream().flatMap(entry -> address(entry).stream()).toList(),
        strings(line, "search"),
        Math.clamp(number(line, "limitSeconds"), 1, 86_400));
  }

  private static Optional<InetAddress> address(String entry) {
    try {
      return entry.indexOf('%') < 0 ? Optional.of(InetAddress.ofLiteral(entry)) : Optional.empty();
    } catch (IllegalArgumentException _) {
      return Optional.empty(); // resolv.conf(5) lets one write anything
    }
  }

  private static int number(String line, String key) {
    Matcher found = Pattern.compile("\"" + key + "\"\\s*:\\s*(\\d{1,9})").matcher(line);
    if (!found.find()) {
      throw new IllegalArgumentException("no " + key);
    }
    return Integer.parseInt(String.valueOf(found.group(1)));
  }

  private static List<String> strings(String line, String key) {
    Matcher found =
        Pattern.compile("\"" + key + "\"\\s*:\\s*(?:null|\\[([^\\]]*)\\])").matcher(line);
    if (!found.find()) {
      throw new IllegalArgumentException("no " + key);
    }
    List<String> all = new ArrayList<>();
    String inside = found.group(1);
    Matcher entry = STRING.matcher(inside == null ? "" : inside);
    while (entry.find() && all.size() < ENTRIES) {
      all.add(String.valueOf(entry.group(1)));
    }
    return List.copyOf(all);
  }
}
