package dev.ktd.relay;

import io.netty.channel.IoEventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/** A port in memory: the test is the kernel. Frames that the stack sends wait in {@link #sent}. */
public final class PipeTun implements FramePort {
  private final LinkedBlockingQueue<byte[]> sent = new LinkedBlockingQueue<>();
  private volatile @Nullable IoEventLoop loop;
  private volatile @Nullable Receiver receiver;

  @Override
  public Future<?> start(IoEventLoop onLoop, Receiver to) {
    loop = onLoop;
    receiver = to;
    return onLoop.newSucceededFuture(null);
  }

  @Override
  public Future<?> stop() {
    receiver = null;
    return GlobalEventExecutor.INSTANCE.newSucceededFuture(null);
  }

  @Override
  public boolean send(ByteBuffer headers, ByteBuffer payload, ByteBuffer more) {
    byte[] frame = new byte[headers.remaining() + payload.remaining() + more.remaining()];
    ByteBuffer.wrap(frame).put(headers.duplicate()).put(payload.duplicate()).put(more.duplicate());
    return sent.add(frame);
  }

  @Override
  public Map<String, Long> counters() {
    return Map.of("drops.device.eio", 7L);
  }

  /** Frames of the stack, in order; wait with {@code poll(time)} of the queue. */
  public Queue<byte[]> sent() {
    return sent;
  }

  /** Gives frames to the stack as one batch; any thread. */
  public void deliver(byte[]... frames) {
    IoEventLoop to = loop;
    if (to == null) {
      throw new IllegalStateException("not started");
    }
    to.execute(
        () -> {
          Receiver now = receiver;
          if (now != null) {
            for (byte[] frame : frames) {
              now.frame(ByteBuffer.allocateDirect(frame.length).put(frame).flip());
            }
            now.batchEnd();
          }
        });
  }

  /** The device is taken away. */
  public void fail(IOException why) {
    IoEventLoop to = loop;
    Receiver now = receiver;
    if (to != null && now != null) {
      to.execute(() -> now.failed(why));
    }
  }
}
