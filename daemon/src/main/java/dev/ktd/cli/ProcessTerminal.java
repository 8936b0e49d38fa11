package dev.ktd.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The terminal of this process. Asks as late as it can: most commands need none of it. */
final class ProcessTerminal implements Terminal {
  private static final int USUAL_WIDTH = 80;

  private final Map<String, String> environment;
  private final boolean live;
  private int width;

  ProcessTerminal(Map<String, String> environment) {
    this.environment = environment;
    this.live = isTerminal() && !"dumb".equals(environment.get("TERM"));
  }

  /** {@link java.io.Console} knows of standard input and output; progress goes to error. */
  private static boolean isTerminal() {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
      return target.startsWith("/dev/pts/")
          || target.startsWith("/dev/tty")
          || target.equals("/dev/console");
    } catch (IOException | UnsupportedOperationException _) {
      return false; // plain lines are never wrong
    }
  }

  @Override
  public boolean isLive() {
    return live;
  }

  @Override
  public boolean hasColour() {
    return live && environment.getOrDefault("NO_COLOR", "").isEmpty();
  }

  @Override
  public int width() {
    if (width == 0) {
      width = Math.max(20, live ? ask() : USUAL_WIDTH);
    }
    return width;
  }

  private static int ask() {
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(new File("/dev/tty"))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String[] size =
          new String(stty.getInputStream().readNBytes(64), StandardCharsets.US_ASCII)
              .strip()
              .split(" ", 2);
      boolean ended = stty.waitFor(1, TimeUnit.SECONDS);
      int columns = ended && size.length == 2 ? Integer.parseInt(size[1]) : 0;
      return columns > 0 ? columns : USUAL_WIDTH; // 0: nobody has told the terminal
    } catch (IOException | NumberFormatException _) {
      return USUAL_WIDTH;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return USUAL_WIDTH;
    }
  }
}
