package dev.ktd.stack;

import java.nio.ByteBuffer;

/**
 * The stack: frames in, frames out, flows to a {@link FlowHandler}. It has no thread, no socket and
 * no clock; its owner calls it from one thread and passes the time (nanoseconds of a monotonic
 * clock).
 *
 * <p>A turn of the owner: any number of {@link #receive} calls and of calls into flows, then one
 * {@link #poll}, which sends all that has become due; then wait until {@link #nextDeadline}.
 */
public interface Stack extends AutoCloseable {
  /**
   * Takes one frame as the device gave it, virtio header first where the device has one. The buffer
   * belongs to the caller and is read only during the call.
   */
  void receive(ByteBuffer frame, long now);

  /** Runs the timers that are due and sends what flows have to send: data, ACKs, window updates. */
  void poll(long now);

  /** When {@link #poll} must be called at the latest; {@code Long.MAX_VALUE} for never. */
  long nextDeadline();

  /** Gauges and counters since the start, by name, e.g. {@code drops.checksum}; for status. */
  java.util.Map<String, Long> counters();

  /** Number of TCP connections, pending ones included. */
  int tcpFlows();

  /** Number of UDP flows that are not yet idle. */
  int udpFlows();

  /** Resets every connection and gives all buffers back. */
  @Override
  void close();
}
