package dev.ktd.control;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The contract of {@code ktd status -o json}: component names are the JSON keys. */
public record StatusReport(
    String state,
    @Nullable String since,
    @Nullable String context,
    @Nullable String namespace,
    @Nullable String user,
    @Nullable String device,
    List<Network> networks,
    List<String> excluded,
    @Nullable Dns dns,
    List<CarrierState> carriers,
    Flows flows,
    Map<String, Long> drops,
    List<Swap> swaps) {
  /** What a daemon without a session says, and the command line when there is no daemon. */
  public static StatusReport idle() {
    return new StatusReport(
        "IDLE",
        null,
        null,
        null,
        null,
        null,
        List.of(),
        List.of(),
        null,
        List.of(),
        new Flows(0, 0, 0, 0, 0),
        Map.of(),
        List.of());
  }

  public record Network(String cidr, String kind, String source) {}

  public record Dns(
      String mode, String server, List<String> suffixes, List<String> search, boolean verified) {}

  public record CarrierState(
      int id,
      String state,
      String path,
      double rttMillis,
      long bytesUp,
      long bytesDown,
      long resumed,
      long reopened) {}

  public record Flows(int tcp, int udp, long opened, long refused, int channels) {}

  public record Swap(String target, String kind, List<Port> ports, String state) {}

  public record Port(int local, int remote) {}
}
