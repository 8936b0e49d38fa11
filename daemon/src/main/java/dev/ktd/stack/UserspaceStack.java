package dev.ktd.stack;

import java.nio.ByteBuffer;
import java.util.Map;

/** The {@link Stack} that terminates TCP, UDP and ICMP in this process. Single-threaded. */
public final class UserspaceStack implements Stack {
  private final StackConfig config;
  private final FlowHandler handler;
  private final FrameSink out;

  /**
   * A stack without flows.
   *
   * @param handler is told of new flows and datagrams, during {@link #receive} and {@link #poll}
   * @param out takes the stack's frames, during any call into the stack or its flows
   */
  public UserspaceStack(StackConfig config, FlowHandler handler, FrameSink out) {
    this.config = config;
    this.handler = handler;
    this.out = out;
  }

  @Override
  public void receive(ByteBuffer frame, long now) {
    throw new UnsupportedOperationException("not yet: " + config + handler + out);
  }

  @Override
  public void poll(long now) {}

  @Override
  public long nextDeadline() {
    return Long.MAX_VALUE;
  }

  @Override
  public Map<String, Long> counters() {
    return Map.of();
  }

  @Override
  public int tcpFlows() {
    return 0;
  }

  @Override
  public int udpFlows() {
    return 0;
  }

  @Override
  public void close() {}
}
