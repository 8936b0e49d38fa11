package dev.ktd.relay;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.function.Consumer;

/** Bytes that wait for room, copied, in order and bounded. */
final class Backlog {
  private final int capacity;
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
    pieces.add(ByteBuffer.allocate(data.remaining()).put(data).flip());
    return true;
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
