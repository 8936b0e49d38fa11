package dev.ktd.bench.tun;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How long and what: {@code name=value} on the command line.
 *
 * @param rounds of each series
 * @param warmUp milliseconds before each measurement
 * @param time milliseconds of each measurement
 * @param only parts to run: {@code jmh}, {@code bulk}, {@code latency}, {@code connect}, {@code
 *     idle}, {@code peer}, {@code iperf}; all when empty
 * @param out the JSON file
 */
record Options(int rounds, int warmUp, int time, List<String> only, Path out, boolean quick) {
  static Options parse(String... arguments) {
    Map<String, String> given = new TreeMap<>();
    for (String argument : arguments) {
      String[] pair = argument.split("=", 2);
      given.put(pair[0], pair.length == 2 ? pair[1] : "true");
    }
    boolean quick = Boolean.parseBoolean(given.getOrDefault("quick", "false"));
    String only = given.getOrDefault("only", "");
    return new Options(
        Integer.parseInt(given.getOrDefault("rounds", quick ? "1" : "7")),
        Integer.parseInt(given.getOrDefault("warmup", quick ? "200" : "1000")),
        Integer.parseInt(given.getOrDefault("time", quick ? "500" : "4000")),
        only.isEmpty() ? List.of() : List.of(only.split(",", -1)),
        Path.of(given.getOrDefault("out", "target/bench/stack.json")),
        quick);
  }

  boolean wants(String part) {
    return only.isEmpty() || only.contains(part);
  }
}
