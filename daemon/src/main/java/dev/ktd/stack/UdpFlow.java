package dev.ktd.stack;

import java.nio.ByteBuffer;

/** Datagrams between one local socket and one destination. All calls from the stack's thread. */
public interface UdpFlow {
  FlowKey key();

  /** Sends a datagram to the local program at once. {@code payload} is read during the call. */
  void send(ByteBuffer payload);

  /** Tells the local program that its last datagram was refused: ICMP unreachable. */
  void refuse(Refusal why);

  /** For the handler's own state of the flow; null until set. */
  @org.jspecify.annotations.Nullable
  Object attachment();

  void attach(Object attachment);
}
