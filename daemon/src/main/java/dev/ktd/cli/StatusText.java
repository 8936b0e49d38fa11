package dev.ktd.cli;

import dev.ktd.control.StatusReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** {@code ktd status} for people: one thing a line, its name once in the left column. */
final class StatusText {
  private static final String[] UNITS = {"kB", "MB", "GB", "TB"};

  private final List<String> lines = new ArrayList<>();

  private StatusText() {}

  static List<String> of(StatusReport report) {
    StatusText text = new StatusText();
    text.write(report);
    return text.lines;
  }

  private void write(StatusReport report) {
    if (report.state().equals("IDLE")) {
      add("state", List.of("IDLE, not connected"));
      return;
    }
    String since = report.since();
    add("state", List.of(report.state() + (since == null ? "" : " since " + since)));
    add("cluster", List.of(session(report)));
    add(
        "networks",
        table(
            report.networks().stream()
                .map(network -> List.of(network.cidr(), network.kind(), network.source()))
                .toList()));
    if (!report.excluded().isEmpty()) {
      add("excluded", List.of(String.join(", ", report.excluded())));
    }
    StatusReport.Dns dns = report.dns();
    if (dns != null) {
      add("names", List.of(names(dns)));
    }
    add("carriers", table(report.carriers().stream().map(StatusText::carrier).toList()));
    StatusReport.Flows flows = report.flows();
    add(
        "flows",
        List.of(
            "%d TCP, %d UDP, %d opened, %d refused"
                .formatted(flows.tcp(), flows.udp(), flows.opened(), flows.refused())));
    if (!report.drops().isEmpty()) {
      add("drops", List.of(drops(report.drops())));
    }
    add("swaps", table(report.swaps().stream().map(StatusText::swap).toList()));
  }

  private static String session(StatusReport report) {
    return Stream.of(
            report.context(),
            prefixed("namespace ", report.namespace()),
            prefixed("as ", report.user()),
            prefixed("through ", report.device()))
        .filter(part -> part != null)
        .collect(Collectors.joining(", "));
  }

  private static @Nullable String prefixed(String prefix, @Nullable String value) {
    return value == null ? null : prefix + value;
  }

  private static String names(StatusReport.Dns dns) {
    return "%s through %s, server %s, %s"
        .formatted(
            dns.suffixes().stream().map(suffix -> "*." + suffix).collect(Collectors.joining(", ")),
            dns.mode(),
            dns.server(),
            dns.verified() ? "checked" : "NOT CHECKED");
  }

  private static List<String> carrier(StatusReport.CarrierState carrier) {
    return List.of(
        "#" + carrier.id(),
        carrier.state(),
        carrier.path(),
        String.format(Locale.ROOT, "%.1f ms", carrier.rttMillis()),
        bytes(carrier.bytesUp()) + " up",
        bytes(carrier.bytesDown()) + " down",
        counted("resumed", carrier.resumed()),
        counted("made anew", carrier.reopened()));
  }

  private static String counted(String what, long times) {
    return switch ((int) Math.min(times, 2)) {
      case 0 -> "";
      case 1 -> what + " once";
      default -> what + " " + times + " times";
    };
  }

  private static List<String> swap(StatusReport.Swap swap) {
    String ports =
        swap.ports().stream()
            .map(port -> port.remote() + " -> localhost:" + port.local())
            .collect(Collectors.joining(", "));
    return List.of(swap.target(), swap.kind(), ports, swap.state());
  }

  private static String drops(Map<String, Long> drops) {
    return new TreeMap<>(drops)
        .entrySet().stream()
            .map(drop -> drop.getValue() + " " + drop.getKey())
            .collect(Collectors.joining(", "));
  }

  /** Decimal units, as networks are measured. */
  static String bytes(long count) {
    if (count < 1000) {
      return count + " B";
    }
    double value = count;
    int unit = -1;
    while (value >= 999.95 && unit < UNITS.length - 1) {
      value /= 1000;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", value, UNITS[unit]);
  }

  private void add(String key, List<String> texts) {
    String shown = key;
    for (String text : texts) {
      lines.add(Output.row(shown, shown.length(), text).stripTrailing());
      shown = "";
    }
  }

  /** Columns as wide as their widest cell. */
  private static List<String> table(List<List<String>> rows) {
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int column = 0; column < row.size(); column++) {
        int at = column;
        int width = rows.stream().mapToInt(other -> other.get(at).length()).max().orElse(0);
        line.append(row.get(column)).repeat(' ', width - row.get(column).length() + 2);
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }
}
