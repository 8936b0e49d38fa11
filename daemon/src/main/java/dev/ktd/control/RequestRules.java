package dev.ktd.control;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Request.Up} may contain. The command line asks before it sends, the daemon because
 * it trusts nobody; both tell the person which flag is wrong. Any thread.
 */
public final class RequestRules {
  private static final int MAX_LIST = 256;
  private static final int MAX_PATH = 4096;
  private static final int MAX_SEARCH_PATH = 32 * 1024;
  private static final int MAX_VARIABLE = 4096;

  private static final Pattern DOTTED_QUAD = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
  private static final String LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
  // RFC 1123: names of namespaces are labels, those of Secrets subdomains.
  private static final Pattern NAMESPACE = Pattern.compile(LABEL);
  private static final Pattern SUBDOMAIN = Pattern.compile(LABEL + "(\\." + LABEL + ")*");
  private static final Pattern DNS_SUFFIX =
      Pattern.compile("[a-z0-9_]([-a-z0-9_]{0,62})(\\.[a-z0-9_]([-a-z0-9_]{0,62}))*");
  // Loose on purpose: registry, port, path, tag and digest; the container runtime knows the rest.
  private static final Pattern IMAGE = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9._:/@+\\-]{0,1023}");

  private RequestRules() {}

  /**
   * Checks every field.
   *
   * @throws KtdException USAGE for the first one that is wrong
   */
  public static void check(Request.Up up) {
    checkCaller(up.caller());
    checkSize("--kubeconfig", up.kubeconfigs());
    if (up.kubeconfigs().isEmpty()) {
      throw usage("no kubeconfig is named.", "Name one:  ktd up --kubeconfig FILE");
    }
    for (String file : up.kubeconfigs()) {
      checkPath("--kubeconfig", file);
    }
    checkContext(up.context());
    matches("--namespace", up.namespace(), NAMESPACE, 63, "a name such as shop-test");
    checkSize("--cidr", up.cidrs());
    up.cidrs().forEach(cidr -> checkNetwork("--cidr", cidr));
    checkSize("--exclude", up.excludes());
    up.excludes().forEach(cidr -> checkNetwork("--exclude", cidr));
    checkSize("--dns-suffix", up.dnsSuffixes());
    for (String suffix : up.dnsSuffixes()) {
      matches("--dns-suffix", suffix, DNS_SUFFIX, 253, "a domain such as corp.example");
    }
    checkRange("--carriers", up.carriers(), 1, 4, "");
    matches("--image", up.image(), IMAGE, 1024, "a reference such as registry.example/ktd:1.0");
    matches("--image-pull-secret", up.imagePullSecret(), SUBDOMAIN, 253, "the name of a Secret");
    checkRange("--resume", up.resumeSeconds(), 10, 86_400, " s");
    checkRange("--timeout", up.timeoutSeconds(), 1, 3600, " s");
  }

  private static void checkCaller(Request.@Nullable Caller caller) {
    if (caller == null) {
      throw usage("the request does not say for whom it is.", null);
    }
    if (caller.uid() < 0 || caller.gid() < 0) {
      throw usage("the caller's uid or gid is negative.", null);
    }
    String name = caller.name();
    if (name == null || name.isEmpty() || name.length() > 256 || hasControls(name)) {
      throw usage("the caller's name is empty or no name.", null);
    }
    checkPath("the caller's home", caller.home());
    String path = caller.path();
    if (path == null || path.length() > MAX_SEARCH_PATH || hasControls(path)) {
      throw usage("the caller's PATH is missing, too long or has control characters.", null);
    }
    Request.Proxies proxies = caller.proxies();
    if (proxies != null) {
      checkVariable("HTTPS_PROXY", proxies.https());
      checkVariable("HTTP_PROXY", proxies.http());
      checkVariable("NO_PROXY", proxies.none());
    }
  }

  /** Never shown: it may hold a password. */
  private static void checkVariable(String name, @Nullable String value) {
    if (value != null && (value.length() > MAX_VARIABLE || hasControls(value))) {
      throw usage(name + " is too long or has control characters.", null);
    }
  }

  private static void checkContext(@Nullable String context) {
    // Any name is good in a kubeconfig, spaces included.
    if (context != null && (context.isEmpty() || context.length() > 1024 || hasControls(context))) {
      throw usage("--context is empty or no name.", "See:  kubectl config get-contexts");
    }
  }

  private static void checkPath(String flag, @Nullable String path) {
    if (path == null || !path.startsWith("/") || path.length() > MAX_PATH || hasControls(path)) {
      throw usage(flag + " " + show(path) + " is not an absolute path.", null);
    }
  }

  private static void checkNetwork(String flag, @Nullable String cidr) {
    int slash = cidr == null ? -1 : cidr.indexOf('/');
    if (cidr == null || slash < 0) {
      throw notNetwork(flag, cidr, "a network is written as address/length");
    }
    InetAddress address = literal(flag, cidr, cidr.substring(0, slash));
    String length = cidr.substring(slash + 1);
    int bits = address.getAddress().length * 8;
    if (!length.matches("\\d{1,3}") || Integer.parseInt(length) > bits) {
      throw notNetwork(flag, cidr, "the length is a number from 0 to " + bits);
    }
    if (hasHostBits(address.getAddress(), Integer.parseInt(length))) {
      throw notNetwork(flag, cidr, "bits are set beyond the first " + length);
    }
  }

  private static InetAddress literal(String flag, String cidr, String text) {
    // The JDK also takes "10.1" and scope names, which in a network are mistakes.
    boolean four = text.indexOf(':') < 0;
    if ((four && !DOTTED_QUAD.matcher(text).matches()) || text.indexOf('%') >= 0) {
      throw notNetwork(flag, cidr, "the part before / is no IP address");
    }
    try {
      return four ? InetAddress.ofLiteral(text) : Inet6Address.ofLiteral(text);
    } catch (IllegalArgumentException _) {
      throw notNetwork(flag, cidr, "the part before / is no IP address");
    }
  }

  private static boolean hasHostBits(byte[] address, int length) {
    for (int bit = length; bit < address.length * 8; bit++) {
      if ((address[bit >> 3] & (0x80 >> (bit & 7))) != 0) {
        return true;
      }
    }
    return false;
  }

  private static KtdException notNetwork(String flag, @Nullable String cidr, String why) {
    return usage(
        flag + " " + show(cidr) + " is not a network: " + why + ".",
        "Write for example:  " + flag + " 10.20.0.0/16");
  }

  private static void checkSize(String flag, @Nullable List<String> values) {
    if (values == null || values.size() > MAX_LIST) {
      throw usage(flag + " is missing or given more than " + MAX_LIST + " times.", null);
    }
  }

  private static void checkRange(String flag, int value, int least, int most, String unit) {
    if (value < least || value > most) {
      throw usage(
          "%s %d%s is out of range: it is %d to %d%s."
              .formatted(flag, value, unit, least, most, unit),
          null);
    }
  }

  private static void matches(
      String flag, @Nullable String value, Pattern pattern, int most, String example) {
    if (value != null && (value.length() > most || !pattern.matcher(value).matches())) {
      throw usage(flag + " " + show(value) + " is not valid: it is " + example + ".", null);
    }
  }

  private static boolean hasControls(String text) {
    return text.chars().anyMatch(Character::isISOControl);
  }

  private static String show(@Nullable String value) {
    String text = value == null ? "(missing)" : value;
    return text.length() <= 80 ? text : text.substring(0, 80) + "...";
  }

  private static KtdException usage(String what, @Nullable String hint) {
    return new KtdException(ErrorCode.USAGE, what, hint);
  }
}
