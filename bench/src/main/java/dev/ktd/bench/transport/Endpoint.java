package dev.ktd.bench.transport;

/**
 * Where a program connects to get to a service by a candidate.
 *
 * @param socks the port of a SOCKS5 server on loopback that must be asked for it, or 0
 */
record Endpoint(String address, int port, int socks) {
  static Endpoint direct(String address, int port) {
    return new Endpoint(address, port, 0);
  }

  /** As {@link Client}'s commands have it. */
  @Override
  public String toString() {
    return address + " " + port + " " + socks;
  }
}
