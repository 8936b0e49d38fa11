package dev.ktd.stack;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/** The settings of a script and their defaults. */
final class ScriptSettings {
  private final Map<String, String> values =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("mtu", "1500"),
              Map.entry("ip", "4"),
              Map.entry("offload", "none"),
              Map.entry("receive-buffer", "1048576"),
              Map.entry("send-buffer", "2359296"),
              Map.entry("budget", "268435456"),
              Map.entry("pending", "16"),
              Map.entry("pending-per-destination", "16"),
              Map.entry("flows", "64"),
              Map.entry("isn", "1000000"),
              Map.entry("seed", "1")));

  /** Takes a line such as {@code set mtu 1500}. */
  void set(String line) {
    String[] words = line.split("\\s+", 3);
    if (values.replace(words[1], words[2]) == null) {
      throw new AssertionError("unknown setting: " + line);
    }
  }

  private String text(String key) {
    return java.util.Objects.requireNonNull(values.get(key), key);
  }

  private int number(String key) {
    return Integer.parseInt(text(key));
  }

  boolean v6() {
    return number("ip") == 6;
  }

  boolean offload() {
    return text("offload").equals("full");
  }

  int programInitial() {
    return Integer.parseUnsignedInt(text("isn"));
  }

  StackConfig config() {
    return StackConfig.defaults(number("mtu"), Long.parseLong(text("seed")))
        .with(offload() ? StackConfig.Offloads.ALL : StackConfig.Offloads.NONE)
        .with(
            new StackConfig.Buffers(
                number("receive-buffer"), number("send-buffer"), Long.parseLong(text("budget"))))
        .with(
            new StackConfig.Limits(
                number("pending"),
                number("pending-per-destination"),
                number("flows"),
                64,
                Duration.ofMinutes(1)));
  }
}
