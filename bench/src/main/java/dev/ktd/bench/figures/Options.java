package dev.ktd.bench.figures;

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
 * @param only parts to run; all when empty
 * @param out the JSON file
 * @param quick a look whether all works
 */
public record Options(
    int rounds, int warmUp, int time, List<String> only, Path out, boolean quick) {

  /**
   * What the arguments say, and for the rest {@code normal}, or {@code quick} where {@code
   * quick=true} is among them.
   */
  public static Options parse(Options normal, Options quick, String... arguments) {
    Map<String, String> given = new TreeMap<>();
    for (String argument : arguments) {
      String[] pair = argument.split("=", 2);
      given.put(pair[0], pair.length == 2 ? pair[1] : "true");
    }
    Options chosen = Boolean.parseBoolean(given.getOrDefault("quick", "false")) ? quick : normal;
    String only = given.getOrDefault("only", "");
    return new Options(
        number(given, "rounds", chosen.rounds),
        number(given, "warmup", chosen.warmUp),
        number(given, "time", chosen.time),
        only.isEmpty() ? chosen.only : List.of(only.split(",", -1)),
        Path.of(given.getOrDefault("out", chosen.out.toString())),
        chosen.quick);
  }

  private static int number(Map<String, String> given, String name, int otherwise) {
    String value = given.get(name);
    return value == null ? otherwise : Integer.parseInt(value);
  }

  public boolean wants(String part) {
    return only.isEmpty() || only.contains(part);
  }
}
