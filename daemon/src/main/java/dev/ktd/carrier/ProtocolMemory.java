package dev.ktd.carrier;

import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which port-forward protocol an API server is asked for first, and which direct addresses are not
 * worth another try: what openings have shown in this process. Bounded. Any thread.
 */
public final class ProtocolMemory {
  /** Beyond so many servers or addresses all is forgotten: nobody has so many clusters. */
  private static final int PLACES = 64;

  /**
   * Failures in a row after which a protocol that has carried bytes is left. Most are no fault of
   * the protocol: the network changed meanwhile, the API server was starting.
   */
  private static final int PATIENCE = 3;

  /**
   * @param proven it has carried bytes
   * @param failures since then
   */
  private record First(ForwardProtocol protocol, boolean proven, int failures) {}

  private static final First NEW = new First(ForwardProtocol.SPDY, false, 0);

  private final Map<String, First> servers = new HashMap<>();
  private final Set<InetSocketAddress> avoided = new HashSet<>();

  /** All protocols in the order in which they are to be tried. */
  synchronized List<ForwardProtocol> order(String server) {
    ForwardProtocol first = servers.getOrDefault(server, NEW).protocol();
    return List.of(first, first.next(), first.next().next());
  }

  /** Bytes came through. */
  synchronized void carried(String server, ForwardProtocol protocol) {
    First first = servers.getOrDefault(server, NEW);
    // Another one than the first, while the first has still credit: not worth a change.
    if (first.protocol() == protocol || !first.proven()) {
      put(server, new First(protocol, true, 0));
    }
  }

  /** It was refused as such, or nothing came through. */
  synchronized void failed(String server, ForwardProtocol protocol) {
    First first = servers.getOrDefault(server, NEW);
    if (first.protocol() != protocol) {
      return;
    }
    int failures = first.failures() + 1;
    if (first.proven() && failures < PATIENCE) {
      put(server, new First(protocol, true, failures));
      return;
    }
    put(server, new First(protocol.next(), false, 0));
  }

  private void put(String server, First first) {
    if (servers.size() >= PLACES && !servers.containsKey(server)) {
      servers.clear();
    }
    servers.put(server, first);
  }

  /** Whether this address of an agent may be tried directly. */
  synchronized boolean mayTry(InetSocketAddress address) {
    return !avoided.contains(address);
  }

  /** What answers at this address is not the agent, or its answers do not come back. */
  synchronized void avoid(InetSocketAddress address) {
    if (avoided.size() >= PLACES) {
      avoided.clear();
    }
    avoided.add(address);
  }
}
