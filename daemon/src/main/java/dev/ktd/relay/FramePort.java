package dev.ktd.relay;

import dev.ktd.stack.FrameSink;
import io.netty.channel.IoEventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;

/**
 * Where frames come from and go to: the TUN device, or a test. Everything on the event loop it was
 * started on.
 */
public interface FramePort extends FrameSink {
  /**
   * Begins to give frames to {@code receiver}.
   *
   * @return done when frames may come, or failed when the loop cannot watch the device
   */
  Future<?> start(IoEventLoop loop, Receiver receiver);

  /**
   * Stops reading, from any thread. The device itself belongs to its owner, who may close it when
   * the future is done, not before: the loop would watch a stranger's descriptor.
   */
  Future<?> stop();

  /** What the port counts, by name, e.g. {@code drops.device.eio}; on the loop. */
  default Map<String, Long> counters() {
    return Map.of();
  }

  /** Takes what the port reads. */
  interface Receiver {
    /** One frame, valid only during the call. */
    void frame(ByteBuffer frame);

    /** After one or more frames: nothing more for now, or others shall have their turn. */
    void batchEnd();

    /** The device is gone; no frame comes any more. */
    void failed(IOException why);
  }
}
