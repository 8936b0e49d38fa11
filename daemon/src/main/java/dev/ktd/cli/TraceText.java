package dev.ktd.cli;

import dev.ktd.control.DnsTrace;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/** {@code ktd dns trace} for people: who was asked, what came back, when; last what was found. */
final class TraceText {
  private TraceText() {}

  static List<String> of(DnsTrace trace) {
    List<List<String>> rows = new ArrayList<>();
    for (DnsTrace.Program program : trace.programs()) {
      rows.add(
          List.of(
              program.by(),
              program.answers().isEmpty() ? "not found" : String.join(", ", program.answers()),
              millis(program.millis()),
              Objects.requireNonNullElse(program.detail(), "")));
    }
    for (DnsTrace.Look look : trace.looks()) {
      rows.add(List.of("ktd", way(look), millis(look.millis()), kept(look)));
    }
    List<String> lines = new ArrayList<>();
    lines.add(trace.name() + "   " + kind(trace));
    Columns.of(rows).forEach(line -> lines.add("  " + line));
    found(trace).forEach(line -> lines.add("  " + line));
    return lines;
  }

  private static String kind(DnsTrace trace) {
    String name = trace.name();
    if (name.endsWith(".")) {
      return "a full name";
    }
    String search = trace.search().isEmpty() ? "none" : String.join(" ", trace.search());
    return (name.contains(".") ? "tried as it is, then with" : "a single label, tried with")
        + " the search list: "
        + search;
  }

  private static String way(DnsTrace.Look look) {
    return "%s %s: %s -> %s, %s"
        .formatted(
            look.name(),
            look.type(),
            look.rule(),
            Objects.requireNonNullElse(look.server(), "nobody answered"),
            look.rcode());
  }

  private static String kept(DnsTrace.Look look) {
    Long ttl = look.ttl();
    return (look.cached() ? "cached" : "not cached") + (ttl == null ? "" : ", TTL " + ttl);
  }

  private static List<String> found(DnsTrace trace) {
    if (trace.looks().isEmpty() || trace.looks().getLast().records().isEmpty()) {
      return List.of("not found");
    }
    DnsTrace.Look last = trace.looks().getLast();
    return last.records().stream().map(record -> last.name() + "   " + record).toList();
  }

  private static String millis(double millis) {
    return String.format(Locale.ROOT, "%.1f ms", millis);
  }
}
