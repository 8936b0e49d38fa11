package dev.ktd.relay;

import dev.ktd.stack.UdpFlow;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** One UDP flow and its socket on the far side. On the event loop. */
final class UdpRelay implements Datagrams.Replies {
  private final Relay relay;
  private final UdpFlow flow;
  private Datagrams.@Nullable Association association;
  private boolean closed;

  UdpRelay(Relay relay, UdpFlow flow) {
    this.relay = relay;
    this.flow = flow;
  }

  void open(Datagrams datagrams) {
    association = datagrams.open(flow.key().destination(), this);
  }

  void send(ByteBuffer payload) {
    if (association == null || !association.send(payload)) {
      relay.datagramLost();
    }
  }

  boolean isOpen() {
    return !closed;
  }

  /** Ends the socket on the far side. Repeatable. */
  void close() {
    if (!closed && association != null) {
      association.close();
    }
    closed = true;
  }

  @Override
  public void datagram(ByteBuffer payload) {
    if (!closed) {
      relay.used(this);
      flow.send(payload);
      relay.wake();
    }
  }

  @Override
  public void lost() {
    relay.datagramLost();
  }

  @Override
  public void refused(DialFailure why) {
    if (!closed) {
      flow.refuse(TcpRelay.refusal(why));
      relay.wake();
    }
  }
}
