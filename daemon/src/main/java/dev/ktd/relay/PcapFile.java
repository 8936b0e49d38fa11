package dev.ktd.relay;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A capture in a file. {@link #frame} copies and returns: a virtual thread writes, and where it
 * does not keep up, or the file has reached its size, frames are left out, counted, and told of in
 * the file ({@code epb_dropcount}). {@link #close} by any thread, all else by one, the event loop.
 */
public final class PcapFile implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PcapFile.class);

  /** What may wait for the disk, in bytes. */
  private static final int QUEUE_BYTES = 4 * 1024 * 1024;

  private static final ByteBuffer END = ByteBuffer.allocate(0);

  /**
   * What a capture may take.
   *
   * @param snapLength bytes kept of each packet, 64 to 65,535
   * @param fileBytes size of the file, headers included
   */
  public record Limits(int snapLength, long fileBytes) {
    /** Whole packets, a gibibyte of them. */
    public static final Limits DEFAULT = new Limits(65_535, 1L << 30);

    public Limits {
      if (snapLength < 64 || snapLength > 65_535 || fileBytes < 4096) {
        throw new IllegalArgumentException("snapLength 64 to 65535, fileBytes at least 4096");
      }
    }
  }

  /** As the host's interface sees it. */
  public enum Direction {
    INBOUND,
    OUTBOUND
  }

  private final FileChannel channel;
  private final Limits limits;
  private final LongSupplier epochNanos;
  private final PcapBlocks blocks;
  private final Semaphore room = new Semaphore(QUEUE_BYTES);
  private final LinkedBlockingQueue<ByteBuffer> queue = new LinkedBlockingQueue<>();
  private final Thread writer;
  private volatile boolean broken;
  private long frames;
  private long missed;
  private long missedBefore;
  private long bytes;
  private volatile boolean closed;

  /**
   * Makes the file, which must not exist and which only its owner can read: it holds what programs
   * say to each other.
   *
   * @param device named as the interface, e.g. {@code ktd0}
   * @param epochNanos the time in nanoseconds since 1970
   */
  public static PcapFile create(Path path, String device, Limits limits, LongSupplier epochNanos)
      throws IOException {
    FileChannel channel =
        FileChannel.open(
            path,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    PcapFile file = new PcapFile(channel, limits, epochNanos);
    file.put(file.blocks.start(device));
    file.writer.start();
    return file;
  }

  private PcapFile(FileChannel channel, Limits limits, LongSupplier epochNanos) {
    this.channel = channel;
    this.limits = limits;
    this.epochNanos = epochNanos;
    blocks = new PcapBlocks(limits.snapLength());
    writer = Thread.ofVirtual().name("ktd-pcap").unstarted(this::write);
  }

  /** Takes one frame in three pieces, the first of which holds all headers; moves positions. */
  void frame(
      Direction direction,
      boolean vnetHeader,
      ByteBuffer headers,
      ByteBuffer payload,
      ByteBuffer more) {
    if (closed) {
      return;
    }
    ByteBuffer block =
        blocks.packet(
            direction,
            epochNanos.getAsLong(),
            missed - missedBefore,
            vnetHeader,
            headers,
            payload,
            more);
    if (put(block)) {
      frames++;
      missedBefore = missed;
    } else {
      missed++;
    }
  }

  private boolean put(ByteBuffer block) {
    int size = block.remaining();
    if (broken || bytes + size > limits.fileBytes() || !room.tryAcquire(size)) {
      return false;
    }
    bytes += size;
    return queue.add(block);
  }

  private void write() {
    try (channel) {
      for (ByteBuffer block = queue.take(); block.hasRemaining(); block = queue.take()) {
        int size = block.remaining();
        while (block.hasRemaining()) {
          channel.write(block);
        }
        room.release(size);
      }
    } catch (IOException e) {
      broken = true;
      log.warn("the capture has ended: {}", e.toString());
    } catch (InterruptedException e) {
      broken = true;
      Thread.currentThread().interrupt();
    }
  }

  /** In the file, or on their way there. */
  long frames() {
    return frames;
  }

  /** Left out. */
  long missed() {
    return missed;
  }

  /** Writes what waits and closes the file; blocks until then. */
  @Override
  public void close() {
    closed = true;
    queue.add(END);
    try {
      writer.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // The writer ends by itself.
    }
  }
}
