package dev.ktd.session;

import dev.ktd.carrier.AgentProbe;
import dev.ktd.carrier.CarrierOpener;
import dev.ktd.carrier.DirectTcp;
import dev.ktd.carrier.SessionSecret;
import dev.ktd.k8s.ProxyPod;
import dev.ktd.k8s.ProxySpec;
import dev.ktd.os.Cidr;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way to the proxy pod without the API server: TCP to the pod's own address, where the host's
 * network leads there. It is looked for beside the other ways, which nothing of this holds up, and
 * lanes that are up move to it. An address that our routes cover is never tried: it would lead
 * through the tunnel itself. Any thread.
 */
final class DirectWay {
  private static final Logger LOG = LoggerFactory.getLogger(DirectWay.class);

  /** For the agent's greeting, and again for its answer. A SYN that is lost goes out after 1 s. */
  private static final Duration LIMIT = Duration.ofSeconds(2);

  private final Probe probe;
  private final CompletableFuture<Void> settled = new CompletableFuture<>();
  private CompletableFuture<Found> found = new CompletableFuture<>();
  private @Nullable ProxyPod met;
  private @Nullable RoutePlan routes;

  /** Asks at an address of the pod for the agent. */
  @FunctionalInterface
  interface Probe {
    /** The way there, once the agent has proven itself; else a failure. Cancelling ends it. */
    CompletableFuture<CarrierOpener> at(InetAddress address);

    /** With sockets. */
    static Probe of(EventLoop loop, SessionSecret secret) {
      return address ->
          AgentProbe.start(loop, new DirectTcp(address, ProxySpec.CARRIER_PORT), secret, LIMIT);
    }
  }

  private record Found(InetAddress address, CarrierOpener way) {}

  DirectWay(Probe probe) {
    this.probe = probe;
  }

  /** The same ways; beside each pod that is met on them this one is looked for. */
  ProxyRoute.Ways beside(ProxyRoute.Ways others) {
    return pod -> {
      meet(pod);
      return others.to(pod);
    };
  }

  private synchronized void meet(ProxyPod pod) {
    if (!pod.equals(met)) {
      met = pod;
      found.cancel(false);
      RoutePlan set = routes;
      found = first(pod.addresses().stream().filter(at -> set == null || !set.covers(at)).toList());
    }
  }

  /** The first address where the agent proves itself; the other probes end then, or with it. */
  private CompletableFuture<Found> first(List<InetAddress> addresses) {
    CompletableFuture<Found> first = new CompletableFuture<>();
    CompletableFuture<?>[] all =
        addresses.stream().map(address -> ask(address, first)).toArray(CompletableFuture<?>[]::new);
    var _ = CompletableFuture.allOf(all).whenComplete((_, _) -> first.cancel(false));
    return first;
  }

  private CompletableFuture<Void> ask(InetAddress address, CompletableFuture<Found> first) {
    CompletableFuture<CarrierOpener> asked = probe.at(address);
    var _ = first.whenComplete((_, _) -> asked.cancel(false));
    return asked.handle(
        (way, why) -> {
          if (way != null && first.complete(new Found(address, way))) {
            LOG.info("the proxy pod answers at {} itself", Cidr.text(address));
          } else if (why != null) {
            LOG.debug("no direct way to {}: {}", Cidr.text(address), why.getMessage());
          }
          return null;
        });
  }

  /**
   * The kernel is about to route as the plan says. An address that has proven itself is kept out of
   * the tunnel, and lanes may go there; what has not by now is given up. Waits for nothing.
   *
   * @return the plan to be carried out
   */
  RoutePlan settle(RoutePlan plan) {
    RoutePlan wanted;
    synchronized (this) {
      boolean proven = found.state() == Future.State.SUCCESS;
      found.cancel(false);
      wanted = proven ? plan.keepingOut(found.resultNow().address()) : plan;
      routes = wanted;
    }
    settled.complete(null);
    return wanted;
  }

  /** The way to the pod that was met last, when it is found and routes are settled; or never. */
  synchronized CompletionStage<CarrierOpener> way() {
    return found.thenCombine(settled, (direct, _) -> direct.way());
  }

  /** Nothing is looked for any more. */
  synchronized void end() {
    found.cancel(false);
  }
}
