package dev.ktd.bench.transport;

import dev.ktd.bench.figures.Results;
import dev.ktd.testbed.Result;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a session holds: its daemon here, and its agent and sshd in the pod. */
final class SoakSampler {
  /** Something that must not grow. */
  enum Gauge {
    DAEMON_RSS("daemon RSS", "MB", 10),
    /** After a collection. */
    DAEMON_HEAP("daemon heap", "MB", 4),
    DAEMON_DESCRIPTORS("daemon descriptors", "", 8),
    DAEMON_THREADS("daemon threads", "", 8),
    TCP("TCP flows", "", 20),
    /** A minute's queries and datagrams: as many as the machine had time for. */
    UDP("UDP flows", "", 60),
    CHANNELS("SSH channels", "", 20),
    AGENT_RSS("agent RSS", "MB", 4),
    AGENT_DESCRIPTORS("agent descriptors", "", 8),
    SSHD_RSS("sshd RSS", "MB", 8),
    SSHD_DESCRIPTORS("sshd descriptors", "", 20);

    final String series;
    final String unit;

    /** By how much it comes and goes, besides a part of itself. */
    final double slack;

    Gauge(String series, String unit, double slack) {
      this.series = series;
      this.unit = unit;
      this.slack = slack;
    }
  }

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final Pattern USED = Pattern.compile("total \\d+K, used (\\d+)K");

  private final Bed bed;
  private final long daemon;
  private int samples;

  SoakSampler(Bed bed, KtdCandidate ktd) {
    this.bed = bed;
    this.daemon = ktd.pid();
  }

  /** Reads all gauges and puts them into the results. */
  Map<Gauge, Double> sample() throws IOException {
    Map<Gauge, Double> read = read();
    read.forEach(
        (gauge, value) ->
            bed.results.add(
                gauge.series, gauge.unit, new Results.Round(samples, value, Map.of(), "")));
    samples++;
    return read;
  }

  Map<Gauge, Double> read() throws IOException {
    Map<Gauge, Double> read = new EnumMap<>(Gauge.class);
    read.put(Gauge.DAEMON_RSS, ProcessFacts.residentMegabytes(daemon, false));
    read.put(Gauge.DAEMON_HEAP, heap());
    read.put(Gauge.DAEMON_DESCRIPTORS, descriptors(List.of(daemon)));
    read.put(Gauge.DAEMON_THREADS, ProcessFacts.threads(daemon));
    JsonNode flows = status().required("flows");
    read.put(Gauge.TCP, flows.required("tcp").asDouble());
    read.put(Gauge.UDP, flows.required("udp").asDouble());
    read.put(Gauge.CHANNELS, flows.required("channels").asDouble());
    List<ProcessHandle> agents = agents();
    List<Long> servers =
        agents.stream().flatMap(ProcessHandle::descendants).map(ProcessHandle::pid).toList();
    List<Long> agentPids = agents.stream().map(ProcessHandle::pid).toList();
    read.put(Gauge.AGENT_RSS, resident(agentPids));
    read.put(Gauge.AGENT_DESCRIPTORS, descriptors(agentPids));
    read.put(Gauge.SSHD_RSS, resident(servers));
    read.put(Gauge.SSHD_DESCRIPTORS, descriptors(servers));
    return read;
  }

  /** How often carriers went on after a cut. */
  int resumed() throws IOException {
    int sum = 0;
    for (JsonNode carrier : status().required("carriers")) {
      sum += carrier.required("resumed").asInt();
    }
    return sum;
  }

  private JsonNode status() throws IOException {
    Result status = bed.attempt(LIMIT, bed.ktd, "status", "-o", "json");
    if (!status.succeeded()) {
      throw new IOException(status.toString());
    }
    return JsonMapper.shared().readTree(status.output());
  }

  /**
   * The pod's processes are this machine's as well. There is one session; what one of its agents
   * started counts with the servers, also where it is the same program.
   */
  private static List<ProcessHandle> agents() throws IOException {
    List<ProcessHandle> all = ProcessFacts.named("ktd-agent");
    List<ProcessHandle> first =
        all.stream().filter(agent -> agent.parent().filter(all::contains).isEmpty()).toList();
    if (first.isEmpty()) {
      throw new IOException("no process ktd-agent is found");
    }
    return first;
  }

  private double heap() throws IOException {
    String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
    String pid = Long.toString(daemon);
    bed.run(jcmd, pid, "GC.run");
    Result info = bed.run(jcmd, pid, "GC.heap_info");
    double kibibytes =
        USED.matcher(info.output()).results().mapToDouble(it -> Long.parseLong(it.group(1))).sum();
    if (kibibytes == 0) {
      throw new IOException("jcmd says something new: " + info.output());
    }
    return kibibytes * 1024 / 1e6;
  }

  private static double resident(Collection<Long> pids) {
    return pids.stream().mapToDouble(pid -> ProcessFacts.residentMegabytes(pid, false)).sum();
  }

  private static double descriptors(Collection<Long> pids) {
    return pids.stream().mapToDouble(ProcessFacts::descriptors).sum();
  }
}
