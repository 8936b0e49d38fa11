package dev.ktd.session;

import dev.ktd.control.StatusReport;
import dev.ktd.dns.DnsPlan;
import dev.ktd.os.Cidr;
import dev.ktd.relay.TunLoop;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What is known of a session, put up by its steps and read by {@code ktd status}. Any thread. */
final class StatusBoard {
  private final String user;
  private SessionState state = SessionState.CONNECTING;
  private @Nullable Instant since;
  private @Nullable String context;
  private @Nullable String namespace;
  private @Nullable RoutePlan routes;
  private @Nullable Tunnel tunnel;
  private @Nullable DataPath path;
  private StatusReport.@Nullable Dns dns;

  StatusBoard(String user) {
    this.user = user;
  }

  synchronized void cluster(String contextName, String namespaceName) {
    context = contextName;
    namespace = namespaceName;
  }

  synchronized void routes(RoutePlan plan) {
    routes = plan;
  }

  synchronized void tunnel(Tunnel made) {
    tunnel = made;
  }

  synchronized void path(DataPath made) {
    path = made;
  }

  synchronized void dns(String mode, DnsPlan plan) {
    dns =
        new StatusReport.Dns(
            mode,
            Cidr.text(plan.wanted().server()),
            plan.rules().suffixes(),
            plan.wanted().search(),
            false);
  }

  synchronized void dnsVerified() {
    StatusReport.Dns set = Objects.requireNonNull(dns, "dns is set before it is verified");
    dns = new StatusReport.Dns(set.mode(), set.server(), set.suffixes(), set.search(), true);
  }

  /** All checks passed. The tunnel may have been lost since its own step. */
  synchronized void connected() {
    boolean up = tunnel == null || tunnel.lanes().stream().anyMatch(Lane::isUp);
    state = up ? SessionState.CONNECTED : SessionState.RECONNECTING;
    since = Instant.now().truncatedTo(ChronoUnit.SECONDS);
  }

  /** The tunnel went or came back; before the session is connected its own steps tell. */
  synchronized void tunnelUp(boolean up) {
    if (up && state == SessionState.RECONNECTING) {
      state = SessionState.CONNECTED;
    } else if (!up && state == SessionState.CONNECTED) {
      state = SessionState.RECONNECTING;
    }
  }

  synchronized void closing() {
    state = SessionState.CLOSING;
  }

  synchronized SessionState state() {
    return state;
  }

  /** Null stands for the current context, and the context's namespace: whatever those are. */
  synchronized boolean isFor(@Nullable String otherContext, @Nullable String otherNamespace) {
    return (otherContext == null || otherContext.equals(context))
        && (otherNamespace == null || otherNamespace.equals(namespace));
  }

  /** The session in a few words, for messages. */
  synchronized String title() {
    return context == null ? "a cluster" : context + ", namespace " + namespace;
  }

  StatusReport report() {
    DataPath opened;
    synchronized (this) {
      opened = path;
    }
    // Asks the event loop: not under the lock that the loop's callbacks take.
    TunLoop.Status flows = opened == null ? null : opened.status();
    synchronized (this) {
      return new StatusReport(
          state.name(),
          since == null ? null : since.toString(),
          context,
          namespace,
          user,
          opened == null ? null : opened.device(),
          routes == null
              ? List.of()
              : routes.networks().stream()
                  .map(n -> new StatusReport.Network(n.cidr().toString(), n.kind(), n.source()))
                  .toList(),
          routes == null ? List.of() : routes.excluded().stream().map(Cidr::toString).toList(),
          dns,
          tunnel == null ? List.of() : tunnel.lanes().stream().map(StatusBoard::carrier).toList(),
          new StatusReport.Flows(
              flows == null ? 0 : flows.tcp(),
              flows == null ? 0 : flows.udp(),
              flows == null ? 0 : flows.relay().opened(),
              flows == null ? 0 : flows.relay().refused(),
              tunnel == null ? 0 : tunnel.openChannels()),
          flows == null ? Map.of() : drops(flows.counters()),
          List.of());
    }
  }

  private static StatusReport.CarrierState carrier(Lane lane) {
    double rtt = lane.rttMillis();
    return new StatusReport.CarrierState(
        lane.id(),
        lane.state().name(),
        lane.path(),
        Double.isNaN(rtt) ? 0 : Math.round(rtt * 100) / 100.0,
        lane.bytesUp(),
        lane.bytesDown(),
        lane.resumed(),
        lane.reopened());
  }

  /** The counters of lost packets, by reason, without the prefix. */
  static Map<String, Long> drops(Map<String, Long> counters) {
    Map<String, Long> drops = new TreeMap<>();
    counters.forEach(
        (name, count) -> {
          if (name.startsWith("drops.") && count > 0) {
            drops.put(name.substring("drops.".length()), count);
          }
        });
    return drops;
  }
}
