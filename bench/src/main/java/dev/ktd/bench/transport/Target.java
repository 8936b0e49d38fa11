package dev.ktd.bench.transport;

/** The services that are used; all but the first are of the sample application. */
enum Target {
  /** See {@link IperfServer}. */
  IPERF("ktd-bench-iperf3", 5201, 5201),
  /** HTTP: a few bytes for each GET. */
  WEB("web", 80, 8080),
  /** Sends each byte back. */
  ECHO("udp-echo", 7, 7007);

  final String service;
  final int port;

  /** The pod's, behind it. */
  final int podPort;

  Target(String service, int port, int podPort) {
    this.service = service;
    this.port = port;
    this.podPort = podPort;
  }
}
