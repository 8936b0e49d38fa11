package dev.ktd.os.linux;

import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import dev.ktd.os.Cidr;
import dev.ktd.os.CommandRunner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** ip(8) of iproute2, which keeps up with netlink so that we need not. */
final class IpCommand {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final Pattern FAILED_LINE = Pattern.compile("Command failed -:(\\d+)");

  private final CommandRunner commands;

  IpCommand(CommandRunner commands) {
    this.commands = commands;
  }

  /**
   * One route as {@code ip -json route} has it; fields that it does not say are empty.
   *
   * @param destination {@code default}, an address or a network
   */
  record Route(String destination, String device, String protocol, String table, String type) {
    /** The network; empty for the default route and for what is no network. */
    Optional<Cidr> network() {
      try {
        return destination.equals("default")
            ? Optional.empty()
            : Optional.of(Cidr.parse(destination));
      } catch (IllegalArgumentException e) {
        return Optional.empty();
      }
    }
  }

  /** Whether this network namespace knows IPv6 at all. */
  boolean hasIpv6() {
    // Not /proc/net, which shows the namespace of the process rather than of the thread.
    return Files.isDirectory(Path.of("/proc/sys/net/ipv6"));
  }

  /** Whether {@code device} may have IPv6 addresses. */
  boolean hasIpv6(String device) {
    try {
      Path disabled = Path.of("/proc/sys/net/ipv6/conf", device, "disable_ipv6");
      return Files.readString(disabled).strip().equals("0");
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Runs {@code lines} as one batch, which ends at the first that fails.
   *
   * @param code of the failure
   * @param what is attempted, for the message
   */
  void batch(List<String> lines, ErrorCode code, String what) {
    CommandRunner.Result result =
        commands.run(List.of("ip", "-batch", "-"), String.join("\n", lines) + "\n", LIMIT);
    if (result.exitStatus() != 0) {
      Matcher failed = FAILED_LINE.matcher(result.errors());
      int number = failed.find() ? Integer.parseInt(failed.group(1)) : 0;
      String command = number >= 1 && number <= lines.size() ? lines.get(number - 1) : "-batch";
      String said = failed.reset().replaceAll("").strip();
      throw failure(code, what, "ip " + command, said);
    }
  }

  /** Runs one command, e.g. {@code -4 route flush proto 107}. */
  String run(ErrorCode code, String what, String... arguments) {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(arguments));
    CommandRunner.Result result = commands.run(command, "", LIMIT);
    if (result.exitStatus() != 0) {
      throw failure(code, what, String.join(" ", command), result.errors().strip());
    }
    return result.output();
  }

  /** Whether a device of this name exists in this network namespace. */
  boolean exists(String device) {
    return commands.run(List.of("ip", "link", "show", "dev", device), "", LIMIT).exitStatus() == 0;
  }

  /** All routes that {@code ip route show} lists with {@code selection}, of both families. */
  List<Route> routes(String... selection) {
    List<Route> routes = new ArrayList<>();
    for (String family : hasIpv6() ? List.of("-4", "-6") : List.of("-4")) {
      List<String> arguments = new ArrayList<>(List.of(family, "-json", "route", "show"));
      arguments.addAll(List.of(selection));
      String json =
          run(ErrorCode.ROUTES, "cannot list the routes", arguments.toArray(String[]::new));
      routes.addAll(parse(json));
    }
    return routes;
  }

  /** An array of objects, of which only fields at their top level matter; no routes: nothing. */
  static List<Route> parse(String json) {
    List<Route> routes = new ArrayList<>();
    try (JsonParser parser = new JsonFactory().createParser(ObjectReadContext.empty(), json)) {
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (token == JsonToken.START_OBJECT) {
          routes.add(route(parser));
        }
      }
    } catch (JacksonException e) {
      throw new KtdException(
          ErrorCode.ROUTES, "cannot understand the answer of ip -json route", null, e);
    }
    return routes;
  }

  private static Route route(JsonParser parser) {
    String destination = "";
    String device = "";
    String protocol = "";
    String table = "";
    String type = "";
    for (String name = parser.nextName(); name != null; name = parser.nextName()) {
      JsonToken value = parser.nextToken();
      switch (name) {
        case "dst" -> destination = parser.getString();
        case "dev" -> device = parser.getString();
        case "protocol" -> protocol = parser.getString();
        case "table" -> table = parser.getString();
        case "type" -> type = parser.getString();
        case "nexthops" -> device = firstDevice(parser, device);
        default -> {
          if (value == JsonToken.START_ARRAY || value == JsonToken.START_OBJECT) {
            parser.skipChildren();
          }
        }
      }
    }
    return new Route(destination, device, protocol, table, type);
  }

  /** Routes with several ways name their devices in a nested array. */
  private static String firstDevice(JsonParser parser, String known) {
    String device = known;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      Route hop = route(parser);
      device = device.isEmpty() ? hop.device() : device;
    }
    return device;
  }

  private static KtdException failure(ErrorCode code, String what, String command, String said) {
    boolean forbidden = said.contains("Operation not permitted");
    return new KtdException(
        forbidden ? ErrorCode.PERMISSION : code,
        what + ": " + (said.isEmpty() ? "it failed without a word" : said) + " (" + command + ")",
        forbidden ? "Run it with sudo. In a container:  --cap-add NET_ADMIN" : null);
  }
}
