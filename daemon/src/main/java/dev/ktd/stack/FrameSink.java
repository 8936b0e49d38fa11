package dev.ktd.stack;

import java.nio.ByteBuffer;

/** Where the stack's frames go. */
public interface FrameSink {
  /**
   * Sends one frame made of three direct buffers: all headers (virtio first, where the device has
   * it), then payload in at most two pieces; empty ones have nothing remaining. They belong to the
   * stack and are valid only during the call.
   *
   * @return false when the device did not take it: a TCP segment is tried again, all else is lost
   */
  boolean send(ByteBuffer headers, ByteBuffer payload, ByteBuffer more);
}
