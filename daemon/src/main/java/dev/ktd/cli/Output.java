package dev.ktd.cli;

import dev.ktd.control.ControlJson;
import dev.ktd.control.Event;
import dev.ktd.control.StatusReport;
import dev.ktd.error.KtdException;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * All that a command shows. Text: progress and errors on standard error, results on standard
 * output. JSON: everything on standard output, one object a line. One thread.
 */
final class Output {
  private static final String CLEAR = "\r\u001b[K";
  private static final int TEXT_COLUMN = 13;
  private static final int RIGHT_EDGE = 93;
  // Shorter steps are not worth a number.
  private static final long SHOWN_MILLIS = 100;

  private final Surroundings surroundings;
  private final boolean json;
  private @Nullable String pending;

  Output(Surroundings surroundings, OutputFormat format) {
    this.surroundings = surroundings;
    this.json = format == OutputFormat.json;
  }

  void event(Event event) {
    if (json) {
      result(ControlJson.write(event));
      return;
    }
    switch (event) {
      case Event.Progress progress -> progress(progress);
      case Event.Warning warning -> {
        endLive();
        surroundings.err().println(row(paint("33", "warning"), 7, printable(warning.text())));
      }
      case Event.Finished finished -> {
        endLive();
        finished.text().lines().forEach(line -> result(printable(line)));
      }
      case Event.Failed failed -> failure(failed.toException());
    }
  }

  private void progress(Event.Progress progress) {
    String line = line(progress);
    if (surroundings.terminal().isLive()) {
      surroundings.err().print(CLEAR + (progress.done() ? line + "\n" : cut(line)));
      surroundings.err().flush();
      pending = progress.done() ? null : line;
    } else if (!Objects.equals(line, pending)) {
      pending = line;
      surroundings.err().println(line);
    }
  }

  private String line(Event.Progress progress) {
    String step = printable(progress.step());
    String line = row(step, step.length(), printable(progress.text()));
    if (!progress.done() || progress.elapsedMillis() < SHOWN_MILLIS) {
      return line;
    }
    String elapsed = String.format(Locale.ROOT, "%.1f s", progress.elapsedMillis() / 1000.0);
    int edge = RIGHT_EDGE;
    if (surroundings.terminal().isLive()) {
      edge = Math.min(edge, surroundings.terminal().width() - 1);
    }
    return line + " ".repeat(Math.max(2, edge - line.length() - elapsed.length())) + elapsed;
  }

  /** A line of two columns; {@code width} is that of {@code key} without its colour. */
  static String row(String key, int width, String text) {
    return "  " + key + " ".repeat(Math.max(1, TEXT_COLUMN - 2 - width)) + text;
  }

  private String cut(String line) {
    int width = surroundings.terminal().width() - 1;
    return line.length() <= width ? line : line.substring(0, width - 3) + "...";
  }

  /** What goes on stays on its line; what follows begins a new one. */
  private void endLive() {
    if (surroundings.terminal().isLive() && pending != null) {
      surroundings.err().println();
    }
    pending = null;
  }

  /** One line of the result. */
  void result(String line) {
    surroundings.out().println(line);
    surroundings.out().flush();
  }

  void report(StatusReport report) {
    if (json) {
      result(ControlJson.write(report));
    } else {
      StatusText.of(report).forEach(line -> result(printable(line)));
    }
  }

  /** Shows what failed and what to do; returns the exit status. */
  int failure(KtdException failure) {
    if (json) {
      result(ControlJson.write(Event.Failed.of(failure)));
    } else {
      endLive();
      show(surroundings, failure);
    }
    return failure.code().exitStatus();
  }

  static void show(Surroundings surroundings, KtdException failure) {
    String start = surroundings.terminal().hasColour() ? "\u001b[31mktd:\u001b[0m " : "ktd: ";
    for (String line : String.valueOf(failure.getMessage()).lines().toList()) {
      surroundings.err().println(start + printable(line));
      start = "     ";
    }
    String hint = failure.hint();
    if (hint != null) {
      hint.lines().forEach(line -> surroundings.err().println("     " + printable(line)));
    }
    surroundings.err().flush();
  }

  private String paint(String colour, String text) {
    return surroundings.terminal().hasColour()
        ? "\u001b[" + colour + "m" + text + "\u001b[0m"
        : text;
  }

  /** Texts come from clusters and programs: no escape sequence of theirs reaches the terminal. */
  static String printable(String text) {
    StringBuilder clean = new StringBuilder(text.length());
    text.codePoints()
        .forEach(point -> clean.appendCodePoint(Character.isISOControl(point) ? ' ' : point));
    return clean.toString();
  }
}
