package dev.ktd.stack;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The owner of a script's stack: notes for each port of the programs what it is told. */
final class ScriptOwner implements FlowHandler {
  private final Map<Integer, RecordedEvents> byPort = new LinkedHashMap<>();
  private int port;

  /** From now on {@link #events} are those of this port. */
  void port(int current) {
    port = current;
  }

  RecordedEvents events() {
    return of(port);
  }

  private RecordedEvents of(int of) {
    return byPort.computeIfAbsent(of, _ -> new RecordedEvents());
  }

  /** The port is used again, so its stream begins anew. */
  void again() {
    if (!events().events().isEmpty()) {
      throw new AssertionError("events nobody expected: " + events().events());
    }
    byPort.put(port, new RecordedEvents());
  }

  /** All events that are left, with their ports. */
  List<String> unexpected() {
    List<String> left = new ArrayList<>();
    byPort.forEach((of, events) -> events.events().forEach(event -> left.add(of + ": " + event)));
    return left;
  }

  @Override
  public void requested(TcpFlow flow) {
    of(flow.key().source().getPort()).requested(flow);
  }

  @Override
  public void cancelled(TcpFlow flow) {
    of(flow.key().source().getPort()).cancelled(flow);
  }

  @Override
  public void datagram(UdpFlow flow, ByteBuffer payload) {
    throw new AssertionError("scripts have no datagrams");
  }

  @Override
  public void expired(UdpFlow flow) {
    throw new AssertionError("scripts have no datagrams");
  }

  @Override
  public void echo(Echo echo, ByteBuffer payload) {
    throw new AssertionError("scripts have no pings");
  }
}
