package dev.ktd.relay;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.function.Consumer;

/** Bytes that wait for room, copied, in order and bounded. */
final class Backlog {
  /** The least that a piece has room for: many small ones shall take no more memory than few. */
  private static final int PIECE = 2048;

  private final int capacity;

  /** Written up to its limit, which may be below its capacity; read up to its position. */
  private final ArrayDeque<ByteBuffer> pieces = new ArrayDeque<>();

  private int bytes;

  /**
   * @param capacity in bytes
   */
  Backlog(int capacity) {
    this.capacity = capacity;
  }

  int bytes() {
    return bytes;
  }

  boolean isEmpty() {
    return pieces.isEmpty();
  }

  /** Copies all of {@code data}, or nothing: then it is false and there is no room. */
  boolean add(ByteBuffer data) {
    if (bytes + data.remaining() > capacity) {
      return false;
    }
    bytes += data.remaining();
    append(data);
    if (data.hasRemaining()) {
      pieces.add(ByteBuffer.allocate(Math.max(PIECE, data.remaining())).limit(0));
      append(data);
    }
    return true;
  }

  /** As much as the youngest piece has room for. */
  private void append(ByteBuffer data) {
    ByteBuffer youngest = pieces.peekLast();
    if (youngest != null) {
      int at = youngest.limit();
      int n = Math.min(youngest.capacity() - at, data.remaining());
      youngest.limit(at + n).put(at, data, data.position(), n);
      data.position(data.position() + n);
    }
  }

  /** Gives the eldest bytes to {@code writer} until one piece is not taken whole. */
  void drain(Consumer<ByteBuffer> writer) {
    while (!pieces.isEmpty()) {
      ByteBuffer eldest = pieces.peekFirst();
      int before = eldest.remaining();
      writer.accept(eldest);
      bytes -= before - eldest.remaining();
      if (eldest.hasRemaining()) {
        return;
      }
      pieces.removeFirst();
    }
  }

  void clear() {
    pieces.clear();
    bytes = 0;
  }
}
