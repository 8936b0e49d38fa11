package dev.ktd.relay;

import dev.ktd.os.TunDevice;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.Buffer;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The TUN device's descriptor in Netty's epoll loop, level-triggered. Netty's calls on raw
 * descriptors are not quite public API: they are used here and nowhere else.
 */
public final class EpollTun implements FramePort {
  private static final Logger log = LoggerFactory.getLogger(EpollTun.class);

  /** So many frames, then the sockets of the carriers have their turn. */
  private static final int FRAMES_PER_TURN = 64;

  /** The kernel cuts a frame that does not fit without a word: 65,535 + 10, rounded up. */
  private static final int FRAME_BYTES = 68 * 1024;

  private static final int PIECES = 3;

  private final FileDescriptor descriptor;
  private final ByteBuffer frame = ByteBuffer.allocateDirect(FRAME_BYTES);
  private final long frameAddress = Buffer.memoryAddress(frame);
  private final ByteBuffer vector =
      ByteBuffer.allocateDirect(PIECES * 2 * Buffer.addressSize()).order(ByteOrder.nativeOrder());
  private final long vectorAddress = Buffer.memoryAddress(vector);
  private final Promise<Void> stopped = ImmediateEventExecutor.INSTANCE.newPromise();
  private final DeviceLosses losses = new DeviceLosses();
  private volatile @Nullable IoEventLoop loop;
  private @Nullable IoRegistration registration;
  private boolean stopping;

  public EpollTun(TunDevice device) {
    this.descriptor = new FileDescriptor(device.descriptor());
  }

  @Override
  public Future<?> start(IoEventLoop onLoop, Receiver receiver) {
    Promise<Void> started = onLoop.newPromise();
    this.loop = onLoop;
    onLoop
        .register(new Handle(receiver))
        .addListener((Future<IoRegistration> registered) -> registered(registered, started));
    return started;
  }

  /** On the loop, perhaps after {@link #stop} was asked for. */
  private void registered(Future<IoRegistration> result, Promise<Void> started) {
    if (!result.isSuccess()) {
      stopped.trySuccess(null);
      started.setFailure(result.cause());
      return;
    }
    IoRegistration made = result.getNow();
    registration = made;
    if (stopping) {
      made.cancel();
      started.setFailure(new IOException("the device was stopped before it was watched"));
      return;
    }
    made.submit(EpollIoOps.EPOLLIN);
    started.setSuccess(null);
  }

  @Override
  public Future<?> stop() {
    IoEventLoop onLoop = loop;
    if (onLoop == null) {
      stopped.trySuccess(null);
      return stopped;
    }
    try {
      onLoop.execute(this::cancel);
    } catch (RejectedExecutionException e) {
      stopped.trySuccess(null); // The loop has ended, and watches nothing any more.
    }
    return stopped;
  }

  /** A registration that is still on its way is cancelled when it arrives. */
  private void cancel() {
    stopping = true;
    if (registration != null && !registration.cancel()) {
      stopped.trySuccess(null);
    }
  }

  @Override
  public boolean send(ByteBuffer headers, ByteBuffer payload, ByteBuffer more) {
    vector.clear();
    int count = add(headers) + add(payload) + add(more);
    try {
      if (descriptor.writevAddresses(vectorAddress, count) > 0) {
        return true;
      }
      losses.full();
    } catch (IOException e) {
      losses.add(e);
    }
    return false;
  }

  @Override
  public Map<String, Long> counters() {
    return losses.counters();
  }

  /** Appends a struct iovec: address and length, each as wide as a pointer (readv(2)). */
  private int add(ByteBuffer piece) {
    if (!piece.hasRemaining()) {
      return 0;
    }
    long address = Buffer.memoryAddress(piece) + piece.position();
    if (Buffer.addressSize() == Long.BYTES) {
      vector.putLong(address).putLong(piece.remaining());
    } else {
      vector.putInt((int) address).putInt(piece.remaining());
    }
    return 1;
  }

  /** What epoll calls; must not throw. */
  private final class Handle implements EpollIoHandle {
    private final Receiver receiver;
    private boolean failed;

    Handle(Receiver receiver) {
      this.receiver = receiver;
    }

    @Override
    public FileDescriptor fd() {
      return descriptor;
    }

    @Override
    public void handle(IoRegistration from, IoEvent event) {
      try {
        read();
      } catch (IOException e) {
        if (!failed) {
          failed = true;
          from.cancel();
          receiver.failed(e);
        }
      } catch (RuntimeException e) {
        log.error("a frame could not be handled", e);
      }
      receiver.batchEnd();
    }

    private void read() throws IOException {
      for (int i = 0; i < FRAMES_PER_TURN; i++) {
        int length = descriptor.readAddress(frameAddress, 0, FRAME_BYTES);
        if (length == 0) {
          return; // EAGAIN, in Netty's convention.
        }
        if (length < 0) {
          throw new IOException("the TUN device was closed");
        }
        receiver.frame(frame.clear().limit(length));
      }
    }

    @Override
    public void unregistered() {
      stopped.trySuccess(null);
    }

    /** The loop ends. The descriptor belongs to the TunDevice, which closes it. */
    @Override
    public void close() {
      stopped.trySuccess(null);
    }
  }
}
