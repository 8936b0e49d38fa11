package dev.ktd.stack;

import java.net.InetAddress;
import java.nio.ByteBuffer;

/** What the stack tells its owner. Called during {@link Stack#receive} and {@link Stack#poll}. */
public interface FlowHandler {
  /**
   * A program asks for a connection. The SYN stays unanswered until {@link TcpFlow#accept} or
   * {@link TcpFlow#refuse}; its repetitions are swallowed meanwhile.
   */
  void requested(TcpFlow flow);

  /**
   * A pending connection is gone before it was accepted or refused: the program reset it, asked
   * anew from the same port, no longer repeats its SYN, or too many were pending and this one had
   * waited for longest. Calls on {@code flow} do nothing from here on; a dial under way should be
   * given up.
   */
  void cancelled(TcpFlow flow);

  /**
   * A datagram. {@code flow} is the same object for the same two ends until it was idle for long
   * enough to be forgotten. The payload is valid only during the call.
   */
  void datagram(UdpFlow flow, ByteBuffer payload);

  /** The stack has forgotten an idle UDP flow. */
  void expired(UdpFlow flow);

  /** A ping. The payload is valid only during the call. */
  void echo(Echo echo, ByteBuffer payload);

  /** A ping that waits for its answer: call {@link #reply} or forget it. */
  interface Echo {
    InetAddress source();

    InetAddress destination();

    /** Sends the echo reply with the same identifier and sequence number. */
    void reply(ByteBuffer payload);

    /** Sends ICMP destination unreachable for it. */
    void unreachable(Refusal why);
  }
}
