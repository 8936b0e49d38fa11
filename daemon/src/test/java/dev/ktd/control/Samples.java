package dev.ktd.control;

import java.util.List;
import java.util.Map;

/** Values for tests. */
final class Samples {
  private Samples() {}

  static Request.Up up() {
    return up(List.of("10.20.0.0/16", "fd00:1::/64"), 2);
  }

  static Request.Up up(List<String> cidrs, int carriers) {
    return new Request.Up(
        caller(0, 0, "root"),
        List.of("/root/.kube/config"),
        "a context with spaces",
        "shop",
        cidrs,
        List.of("10.99.0.1/32"),
        List.of("corp.example"),
        carriers,
        "registry.example:5000/ktd/proxy:0.1.0@sha256:00",
        null,
        60,
        60);
  }

  static Request.Caller caller(int uid, int gid, String name) {
    return new Request.Caller(uid, gid, name, "/root", "/usr/bin:/bin", null);
  }

  /** The report of the contract's sample. */
  static StatusReport report() {
    return new StatusReport(
        "CONNECTED",
        "2026-01-01T00:00:00Z",
        "dev",
        "default",
        "ana",
        "ktd0",
        List.of(
            new StatusReport.Network("10.43.0.0/16", "services", "ServiceCIDR"),
            new StatusReport.Network("10.42.0.0/24", "pods", "node.podCIDRs")),
        List.of("10.99.0.1/32"),
        new StatusReport.Dns(
            "systemd-resolved",
            "198.18.0.53",
            List.of("cluster.local"),
            List.of("default.svc.cluster.local", "svc.cluster.local", "cluster.local"),
            true),
        List.of(new StatusReport.CarrierState(1, "UP", "port-forward", 0.4, 0, 0, 0, 0)),
        new StatusReport.Flows(0, 0, 0, 0, 0),
        Map.of(),
        List.of(
            new StatusReport.Swap(
                "deployment/c", "swap", List.of(new StatusReport.Port(8080, 8080)), "ACTIVE")));
  }
}
