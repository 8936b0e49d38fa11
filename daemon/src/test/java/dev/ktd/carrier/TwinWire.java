package dev.ktd.carrier;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.IntUnaryOperator;

/**
 * A plain carrier in memory, from a client to what listens in the pod. It takes time, cuts what it
 * carries to pieces, holds only so much, and can be cut, silenced or stopped.
 */
@SuppressWarnings("FutureReturnValueIgnored")
final class TwinWire implements Carrier {
  /** What may be under way before the client's end is full. */
  static final int CAPACITY = 512 * 1024;

  private static final long PIECE_NANOS = 1000;
  private static final long NANOS_PER_BYTE = 8;

  private final TwinClock clock;
  private final Carrier.Listener client;
  private final Pod pod;
  private final Conditions conditions;
  private final Queue<ByteBuf> written = new ArrayDeque<>();
  private final Queue<byte[]> unread = new ArrayDeque<>();
  private long lastUp;
  private long lastDown;
  private int underWay;
  private boolean wasFull;
  private boolean reading = true;
  private boolean closed;
  private boolean wasCut;
  private boolean silent;
  private boolean wasReady;

  /** What listens in the pod. */
  interface Pod {
    void connected(TwinWire wire);

    void bytes(TwinWire wire, byte[] bytes);

    /** The client's end, or something between, closed the connection. */
    void disconnected(TwinWire wire);
  }

  /** How a wire is: may change while it is used. */
  static final class Conditions {
    long delayMillis = 1;

    /** What the way is called. */
    String path = "memory";

    /** Length of the next piece: 1 to {@code left}. */
    IntUnaryOperator piece = left -> left;

    boolean refuses;

    /** Nothing comes through, and nobody hears so. */
    boolean blackHole;

    int open;
    int opened;
    int abandoned;
  }

  TwinWire(TwinClock clock, Conditions conditions, Carrier.Listener client, Pod pod) {
    this.clock = clock;
    this.conditions = conditions;
    this.client = client;
    this.pod = pod;
    conditions.opened++;
    conditions.open++;
    after(this::arrive);
  }

  private void after(Runnable task) {
    clock.loop().schedule(task, conditions.delayMillis, TimeUnit.MILLISECONDS);
  }

  private void arrive() {
    if (closed || dead()) {
      return;
    }
    if (conditions.refuses) {
      end(new IOException("refused"), false);
      return;
    }
    wasReady = true;
    client.ready(this);
    if (!closed) {
      pod.connected(this);
    }
  }

  private boolean dead() {
    return silent || conditions.blackHole;
  }

  /** From here on nothing comes through, and neither end hears so. */
  void silence() {
    silent = true;
  }

  /** What was silent comes through again. */
  void speak() {
    silent = false;
  }

  boolean isOpen() {
    return !closed;
  }

  /** Reset: both ends hear of it; what was under way is lost. */
  void cut() {
    wasCut = true;
    end(new IOException("connection reset"), true);
  }

  private void end(IOException why, boolean tellPod) {
    if (closed) {
      return;
    }
    closed = true;
    conditions.open--;
    written.forEach(ByteBuf::release);
    written.clear();
    unread.clear();
    clock.loop().execute(() -> client.closed(why));
    if (tellPod && wasReady && !dead()) {
      clock.loop().execute(() -> pod.disconnected(this));
    }
  }

  /** The pod's end closes after what it has sent. */
  void closeByPod() {
    lastDown = Math.max(lastDown, clock.nanos() + conditions.delayMillis * 1_000_000);
    clock
        .loop()
        .schedule(
            () -> {
              if (!dead()) {
                end(new IOException("the other end closed"), false);
              }
            },
            lastDown - clock.nanos(),
            TimeUnit.NANOSECONDS);
  }

  /** Bytes from the pod to the client. */
  void send(byte[] bytes) {
    for (int at = 0; at < bytes.length; ) {
      int n = Math.clamp(conditions.piece.applyAsInt(bytes.length - at), 1, bytes.length - at);
      byte[] piece = Arrays.copyOfRange(bytes, at, at + n);
      at += n;
      lastDown = arrival(lastDown, piece.length);
      clock.loop().schedule(() -> toClient(piece), lastDown - clock.nanos(), TimeUnit.NANOSECONDS);
    }
  }

  /** After what is under way, and not all at once: a cut may come between two pieces. */
  private long arrival(long last, int length) {
    long earliest = clock.nanos() + conditions.delayMillis * 1_000_000;
    return Math.max(earliest, last) + PIECE_NANOS + NANOS_PER_BYTE * length;
  }

  private void toClient(byte[] piece) {
    if (closed || dead()) {
      return;
    }
    unread.add(piece);
    deliver();
  }

  private void deliver() {
    while (reading && !closed && !unread.isEmpty()) {
      byte[] piece = unread.remove();
      ByteBuf bytes = ByteBufAllocator.DEFAULT.buffer(piece.length).writeBytes(piece);
      client.data(bytes);
      if (!closed) {
        client.readComplete();
      }
    }
  }

  @Override
  public void write(ByteBuf data) {
    if (closed) {
      data.release();
    } else {
      underWay += data.readableBytes();
      written.add(data);
    }
  }

  @Override
  public void flush() {
    // As a socket does, this reads the buffers that it is given.
    ByteBuf all = ByteBufAllocator.DEFAULT.buffer();
    for (ByteBuf each = written.poll(); each != null; each = written.poll()) {
      all.writeBytes(each);
      each.release();
    }
    while (all.isReadable()) {
      int left = all.readableBytes();
      byte[] piece = new byte[Math.clamp(conditions.piece.applyAsInt(left), 1, left)];
      all.readBytes(piece);
      lastUp = arrival(lastUp, piece.length);
      clock.loop().schedule(() -> toPod(piece), lastUp - clock.nanos(), TimeUnit.NANOSECONDS);
    }
    all.release();
    wasFull |= underWay >= CAPACITY;
  }

  private void toPod(byte[] piece) {
    if (wasCut || dead()) {
      return;
    }
    underWay -= piece.length;
    pod.bytes(this, piece);
    if (wasFull && underWay <= CAPACITY / 2 && !closed) {
      wasFull = false;
      client.writabilityChanged(true);
    }
  }

  @Override
  public boolean isWritable() {
    return !closed && underWay < CAPACITY;
  }

  @Override
  public void setReading(boolean wanted) {
    reading = wanted;
    if (wanted) {
      clock.loop().execute(this::deliver);
    }
  }

  @Override
  public void close() {
    flush();
    long arrives = lastUp;
    boolean reaches = !closed && wasReady && !dead();
    end(new IOException("closed here"), false);
    if (reaches) {
      clock
          .loop()
          .schedule(
              () -> pod.disconnected(this),
              Math.max(0, arrives - clock.nanos()),
              TimeUnit.NANOSECONDS);
    }
  }

  @Override
  public void abandon() {
    conditions.abandoned++;
    close();
  }

  @Override
  public String path() {
    return conditions.path;
  }
}
