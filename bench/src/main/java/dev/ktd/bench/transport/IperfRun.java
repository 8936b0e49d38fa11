package dev.ktd.bench.transport;

import dev.ktd.testbed.Result;
import dev.ktd.testbed.Running;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One run of {@code iperf3 -c}. Whole seconds, as it takes no others.
 *
 * @param down whether the pod sends
 */
record IperfRun(int streams, boolean down, int warmUpMillis, int millis) {
  private static final int TRIES = 4;

  /** For the handshakes of many streams on a slow path. */
  private static final Duration BEYOND = Duration.ofSeconds(15);

  private Duration limit() {
    return BEYOND.plusMillis(warmUpMillis).plusMillis(millis);
  }

  private List<String> command(Bed bed, Endpoint endpoint) throws IOException {
    List<String> command = new ArrayList<>();
    if (endpoint.socks() != 0) {
      command.addAll(List.of("proxychains4", "-q", "-f", bed.proxyChains().toString()));
    }
    command.addAll(List.of("iperf3", "-J", "-c", endpoint.address(), "-p", "" + endpoint.port()));
    command.addAll(List.of("-P", "" + streams, "-t", "" + seconds(millis)));
    if (warmUpMillis >= 1000) {
      command.addAll(List.of("-O", "" + seconds(warmUpMillis)));
    }
    if (down) {
      command.add("-R");
    }
    return command;
  }

  private static int seconds(int millis) {
    return Math.max(1, millis / 1000);
  }

  /** Runs it to its end. */
  Row.Taken run(Bed bed, Endpoint endpoint) throws IOException, InterruptedException {
    for (int left = TRIES; ; left--) {
      Result ended = bed.attempt(limit(), command(bed, endpoint).toArray(String[]::new));
      String why = why(ended);
      if (why.isEmpty()) {
        return read(ended.output());
      }
      if (left == 1 || ended.status() == Result.TIMED_OUT) {
        IperfServer.free(bed);
        throw new IOException(why);
      }
      // The server takes one test at a time; it may not have heard yet of the end of the last one.
      TimeUnit.MILLISECONDS.sleep(300);
      if (left < TRIES && why.contains("busy")) {
        IperfServer.free(bed);
      }
    }
  }

  /** Starts it; whoever closes it ends it. */
  Running start(Bed bed, Endpoint endpoint) throws IOException {
    return bed.start(command(bed, endpoint));
  }

  /** Empty when all went well. With -J its exit status says nothing. */
  private static String why(Result ended) {
    if (ended.status() == Result.TIMED_OUT) {
      return "iperf3 did not end";
    }
    if (ended.output().isBlank()) {
      return "iperf3 ended with status " + ended.status() + ": " + ended.errors().strip();
    }
    JsonNode told = json(ended.output());
    String error = told.path("error").asString("");
    boolean nothing = told.path("end").path("sum_received").path("bytes").asLong(0) == 0;
    return nothing && error.isEmpty() ? "iperf3 moved nothing" : error;
  }

  /** Warnings may stand before it. */
  private static JsonNode json(String output) {
    return JsonMapper.shared().readTree(output.substring(Math.max(0, output.indexOf('{'))));
  }

  private static Row.Taken read(String output) {
    JsonNode told = json(output);
    JsonNode sum = told.path("end").path("sum_received");
    double all = 0;
    for (JsonNode interval : told.path("intervals")) {
      all += interval.path("sum").path("bytes").asDouble();
    }
    return new Row.Taken(sum.path("bits_per_second").asDouble() / 1e9, all / 1e9, Map.of());
  }
}
