package dev.ktd.bench.transport;

import java.util.Locale;

/** How soon an open connection goes on after its way was cut, and what it lost. */
final class Recovery {
  /** What happens to the way. */
  enum Cut {
    RESET(1),
    BLACK_HOLE(4),
    SLEEP(0);

    private final double mostSeconds;

    Cut(double mostSeconds) {
      this.mostSeconds = mostSeconds;
    }

    /** What the project allows; 0 where it names nothing. */
    double mostSeconds() {
      return mostSeconds;
    }

    private String text() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    String row() {
      return "recovery from " + text();
    }

    String lost() {
      return "bytes lost by " + text();
    }
  }
}
