package dev.ktd.ssh;

import dev.ktd.carrier.Carrier;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.sshd.common.future.CloseFuture;
import org.apache.sshd.common.io.AbstractIoWriteFuture;
import org.apache.sshd.common.io.IoHandler;
import org.apache.sshd.common.io.IoService;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.util.Readable;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.closeable.AbstractCloseable;
import org.jspecify.annotations.Nullable;

/**
 * MINA's view of a {@link Carrier}. MINA writes from any thread, under its encode lock, which fixes
 * the order: packets are queued first, always, and drained on the loop once per turn, so that many
 * packets leave with one flush.
 */
final class CarrierSession extends AbstractCloseable implements IoSession {
  /** The decoder moves what is left after each packet: pieces of a TLS record keep that small. */
  private static final int PIECE = 16 * 1024;

  /** Queued in one turn beyond this: drain at once. */
  private static final int DRAIN = 128 * 1024;

  /** What may wait here for the end of the turn, on top of the carrier's own queue. */
  private static final int QUEUE_LIMIT = 256 * 1024;

  /** There is no address: the carrier ends inside the pod. Nothing connects to this. */
  static final InetSocketAddress PEER =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 2222);

  private final EventLoop loop;
  private final Carrier carrier;
  private final IoService service;
  private final IoHandler handler;
  private final Runnable drained;
  private final Map<Object, Object> attributes = new ConcurrentHashMap<>();
  private final Queue<ByteBuf> outbound = new ConcurrentLinkedQueue<>();
  private final AtomicLong queuedBytes = new AtomicLong();
  private final AtomicBoolean drainScheduled = new AtomicBoolean();
  private volatile boolean gone;
  private volatile long bytesUp;
  private volatile long bytesDown;

  /**
   * @param drained called on the loop when what was queued has gone to the carrier
   */
  CarrierSession(
      EventLoop loop, Carrier carrier, IoService service, IoHandler handler, Runnable drained) {
    this.loop = loop;
    this.carrier = carrier;
    this.service = service;
    this.handler = handler;
    this.drained = drained;
  }

  /** Bytes from the carrier; takes ownership. On the loop. */
  // Only the loop writes these two figures.
  @SuppressWarnings("NonAtomicVolatileUpdate")
  void received(ByteBuf bytes) {
    bytesDown += bytes.readableBytes();
    try {
      while (bytes.isReadable() && !gone) {
        handler.messageReceived(
            this, new Piece(bytes.readSlice(Math.min(PIECE, bytes.readableBytes()))));
      }
    } catch (Exception e) {
      failed(e);
    } finally {
      bytes.release();
    }
  }

  /** MINA closes the session over it. On the loop. */
  void failed(Exception cause) {
    try {
      handler.exceptionCaught(this, cause);
    } catch (Exception _) {
      close(true);
    }
  }

  /** The carrier is gone: nothing goes out any more, and MINA hears of it. On the loop. */
  void carrierClosed() {
    gone = true;
    discardQueue();
    try {
      handler.sessionClosed(this);
    } catch (Exception _) {
      // Without an SSH session there is nobody to tell.
    }
    close(true);
  }

  /** True while a further packet may be written: neither queue is full. On the loop. */
  boolean isWritable() {
    return !gone && queuedBytes.get() < QUEUE_LIMIT && carrier.isWritable();
  }

  long bytesUp() {
    return bytesUp;
  }

  long bytesDown() {
    return bytesDown;
  }

  @Override
  public IoWriteFuture writeBuffer(Buffer buffer) {
    ByteBuf bytes =
        buffer instanceof PooledPacket pooled
            ? pooled.handOver()
            : Unpooled.wrappedBuffer(buffer.array(), buffer.rpos(), buffer.available());
    if (gone) {
      bytes.release();
      return AbstractIoWriteFuture.fulfilled(PEER, new ClosedChannelException());
    }
    outbound.add(bytes);
    long waiting = queuedBytes.addAndGet(bytes.readableBytes());
    if (waiting >= DRAIN && loop.inEventLoop()) {
      drain();
    } else if (drainScheduled.compareAndSet(false, true)) {
      loop.execute(this::drain);
    }
    return AbstractIoWriteFuture.fulfilled(PEER, true);
  }

  /** Sends what is queued. On the loop. */
  @SuppressWarnings("NonAtomicVolatileUpdate")
  void drain() {
    drainScheduled.set(false);
    if (gone) {
      discardQueue();
      return;
    }
    boolean any = false;
    for (ByteBuf bytes = outbound.poll(); bytes != null; bytes = outbound.poll()) {
      int n = bytes.readableBytes();
      queuedBytes.addAndGet(-n);
      bytesUp += n;
      carrier.write(bytes);
      any = true;
    }
    if (any) {
      carrier.flush();
      drained.run();
    }
  }

  private void discardQueue() {
    for (ByteBuf bytes = outbound.poll(); bytes != null; bytes = outbound.poll()) {
      bytes.release();
    }
  }

  @Override
  protected CloseFuture doCloseGracefully() {
    onLoop(
        () -> {
          drain();
          gone = true;
          carrier.close();
          closeFuture.setClosed();
        });
    return closeFuture;
  }

  @Override
  protected void doCloseImmediately() {
    onLoop(
        () -> {
          drain();
          gone = true;
          discardQueue();
          carrier.close();
        });
    super.doCloseImmediately();
  }

  private void onLoop(Runnable task) {
    if (loop.inEventLoop()) {
      task.run();
    } else {
      loop.execute(task);
    }
  }

  @Override
  public void shutdownOutputStream() {
    // SSH has its own ends of streams.
  }

  @Override
  public void suspendRead() {
    loop.execute(() -> carrier.setReading(false));
  }

  @Override
  public void resumeRead() {
    loop.execute(() -> carrier.setReading(true));
  }

  @Override
  public long getId() {
    return 1;
  }

  @Override
  public @Nullable SocketAddress getAcceptanceAddress() {
    return null;
  }

  @Override
  public SocketAddress getLocalAddress() {
    return PEER;
  }

  @Override
  public SocketAddress getRemoteAddress() {
    return PEER;
  }

  @Override
  public IoService getService() {
    return service;
  }

  @Override
  public @Nullable Object getAttribute(Object key) {
    return attributes.get(key);
  }

  @Override
  public @Nullable Object setAttribute(Object key, Object value) {
    return attributes.put(key, value);
  }

  @Override
  public @Nullable Object setAttributeIfAbsent(Object key, Object value) {
    return attributes.putIfAbsent(key, value);
  }

  @Override
  public @Nullable Object removeAttribute(Object key) {
    return attributes.remove(key);
  }

  /** A slice of a buffer as MINA reads it. */
  private record Piece(ByteBuf bytes) implements Readable {
    @Override
    public int available() {
      return bytes.readableBytes();
    }

    @Override
    public void getRawBytes(byte[] data, int offset, int length) {
      bytes.readBytes(data, offset, length);
    }
  }
}
