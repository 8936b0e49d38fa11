package dev.ktd.k8s;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A person's environment variables about HTTP proxies, read as kubectl does (Go's
 * golang.org/x/net/http/httpproxy). May hold a password.
 *
 * @param https HTTPS_PROXY: the proxy for https URLs
 * @param http HTTP_PROXY: the proxy for http URLs
 * @param none NO_PROXY: who is reached without one, separated by commas: addresses, networks, hosts
 *     and their subdomains ({@code corp.example}), subdomains alone ({@code .corp.example}), each
 *     but networks with or without a port; or {@code *}
 */
public record ProxyVariables(@Nullable String https, @Nullable String http, @Nullable String none) {
  /** No variable is set. */
  public static final ProxyVariables NONE = new ProxyVariables(null, null, null);

  private static final int HTTP_PORT = 80;
  private static final int HTTPS_PORT = 443;

  /** As a program finds them in its environment. */
  public Map<String, String> variables() {
    Map<String, String> set = new LinkedHashMap<>();
    if (https != null) {
      set.put("HTTPS_PROXY", https);
    }
    if (http != null) {
      set.put("HTTP_PROXY", http);
    }
    if (none != null) {
      set.put("NO_PROXY", none);
    }
    return Map.copyOf(set);
  }

  /**
   * The proxy to an API server, or null.
   *
   * @throws KtdException USAGE when it is none that ktd can use
   */
  @Nullable URI forServer(URI server) {
    boolean secure = "https".equals(server.getScheme());
    String value = secure ? https : http;
    if (value == null || value.isBlank() || isExcepted(server)) {
      return null;
    }
    String name = secure ? "HTTPS_PROXY" : "HTTP_PROXY";
    // As Go has it, the scheme may be missing.
    String text = value.contains("://") ? value.strip() : "http://" + value.strip();
    try {
      URI proxy = new URI(text);
      if (!"http".equals(proxy.getScheme()) || proxy.getHost() == null) {
        throw unusable(name, text, "ktd uses proxies http://HOST:PORT only");
      }
      return proxy.getPort() > 0 ? proxy : withPort(proxy);
    } catch (URISyntaxException e) {
      throw unusable(name, text, e.getReason());
    }
  }

  private static URI withPort(URI proxy) throws URISyntaxException {
    return new URI(
        proxy.getScheme(), proxy.getUserInfo(), proxy.getHost(), HTTP_PORT, null, null, null);
  }

  private static KtdException unusable(String name, String text, String why) {
    return new KtdException(
        ErrorCode.USAGE,
        name + " is not usable: " + Endpoint.withoutPassword(text) + ": " + why + ".",
        "Set it to another proxy, or name the API server in NO_PROXY.");
  }

  private boolean isExcepted(URI server) {
    String host = server.getHost().toLowerCase(Locale.ROOT).replaceAll("[\\[\\]]", "");
    int standard = "https".equals(server.getScheme()) ? HTTPS_PORT : HTTP_PORT;
    int port = server.getPort() > 0 ? server.getPort() : standard;
    Prefix address = Prefix.parse(host);
    if (host.equals("localhost") || (address != null && address.isLoopback())) {
      return true;
    }
    return none != null
        && Stream.of(none.split(","))
            .map(entry -> entry.strip().toLowerCase(Locale.ROOT))
            .anyMatch(entry -> matches(entry, host, address, port));
  }

  private static boolean matches(String entry, String host, @Nullable Prefix address, int port) {
    if (entry.equals("*")) {
      return true;
    }
    Prefix network = Prefix.parse(entry);
    if (network != null) {
      return address != null && network.contains(address);
    }
    // A colon before digits at the end is a port, except within an IPv6 address without brackets.
    String name = entry.replaceFirst(":\\d+$", "");
    if (!name.equals(entry) && !entry.substring(name.length() + 1).equals(String.valueOf(port))) {
      return false;
    }
    name = name.replaceAll("^\\[|\\]$", "");
    Prefix single = Prefix.parse(name);
    if (single != null) {
      return address != null && single.contains(address);
    }
    if (name.startsWith("*.")) {
      name = name.substring(1);
    }
    return !name.isEmpty()
        && (name.startsWith(".")
            ? host.endsWith(name)
            : host.equals(name) || host.endsWith("." + name));
  }

  /** Without the proxies, which may hold passwords. */
  @Override
  public String toString() {
    return "ProxyVariables[none=" + none + "]";
  }
}
