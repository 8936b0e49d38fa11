package dev.ktd.carrier;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The bytes of one direction that the other end has not confirmed: those that went out, and behind
 * them those that wait to. They are the buffers that were written, kept by reference: a plain
 * carrier gets duplicates that share their memory.
 *
 * <p>Positions are unsigned; no stream comes to 2^63 bytes.
 */
final class KeptBytes {
  /** What a buffer costs beside its bytes, so that many small ones fill the limit as well. */
  private static final int PIECE_COST = 256;

  private final long limit;
  private final Deque<ByteBuf> sent = new ArrayDeque<>();
  private final Deque<ByteBuf> waiting = new ArrayDeque<>();
  private long confirmed;

  /** Position of the first byte of {@code sent}, at or before {@code confirmed}. */
  private long firstKept;

  private long sentEnd;
  private long end;

  /**
   * @param limit bytes that may be kept, see {@link #isFull}
   */
  KeptBytes(long limit) {
    this.limit = limit;
  }

  /** Takes ownership. No buffer becomes longer than a frame. */
  void add(ByteBuf bytes) {
    end += bytes.readableBytes();
    while (bytes.readableBytes() > FrameReader.LONGEST) {
      waiting.add(bytes.readRetainedSlice(FrameReader.LONGEST));
    }
    if (bytes.isReadable()) {
      waiting.add(bytes);
    } else {
      bytes.release();
    }
  }

  /** Whether as much is kept as may be; who writes should wait. */
  boolean isFull() {
    return cost() >= limit;
  }

  /** Whether far more is kept than may be: who writes does not wait. */
  boolean isOverfull() {
    return cost() >= 2 * limit;
  }

  /** Bytes, and a share for each buffer. */
  private long cost() {
    return end - firstKept + (long) PIECE_COST * (sent.size() + waiting.size());
  }

  /** Bytes that are not confirmed. */
  long bytes() {
    return end - confirmed;
  }

  boolean hasWaiting() {
    return !waiting.isEmpty();
  }

  /**
   * Writes DATA frames to {@code plain} while it takes them; does not flush.
   *
   * @return whether anything was written
   */
  boolean send(Carrier plain) {
    boolean any = false;
    while (!waiting.isEmpty() && plain.isWritable()) {
      sendFrame(plain);
      any = true;
    }
    return any;
  }

  /** Writes all that waits, however full {@code plain} is: the stream ends. */
  void sendAll(Carrier plain) {
    while (!waiting.isEmpty()) {
      sendFrame(plain);
    }
  }

  private void sendFrame(Carrier plain) {
    int length = 0;
    int pieces = 0;
    for (ByteBuf piece : waiting) {
      if (length + piece.readableBytes() > FrameReader.LONGEST) {
        break;
      }
      length += piece.readableBytes();
      pieces++;
    }
    plain.write(FrameWriter.data(length));
    for (; pieces > 0; pieces--) {
      ByteBuf piece = waiting.remove();
      sent.add(piece);
      plain.write(piece.retainedDuplicate());
    }
    sentEnd += length;
  }

  /**
   * Forgets all bytes before {@code received}; what goes back is ignored.
   *
   * @return false if so much was never sent
   */
  boolean confirm(long received) {
    if (Long.compareUnsigned(received, sentEnd) > 0) {
      return false;
    }
    confirmed = Math.max(confirmed, received);
    for (ByteBuf first = sent.peek(); first != null; first = sent.peek()) {
      if (firstKept + first.readableBytes() > confirmed) {
        break;
      }
      firstKept += first.readableBytes();
      sent.remove();
      first.release();
    }
    return true;
  }

  /**
   * Goes back to where the other end is: what it has not received waits again.
   *
   * @return bytes that will be sent again; -1 if they are not kept, or so much was never sent
   */
  long rewind(long received) {
    if (Long.compareUnsigned(received, confirmed) < 0 || !confirm(received)) {
      return -1;
    }
    ByteBuf first = sent.peek();
    if (first != null) {
      first.skipBytes((int) (received - firstKept));
    }
    firstKept = received;
    for (ByteBuf last = sent.pollLast(); last != null; last = sent.pollLast()) {
      waiting.addFirst(last);
    }
    long again = sentEnd - received;
    sentEnd = received;
    return again;
  }

  /** Forgets everything. */
  void release() {
    sent.forEach(ByteBuf::release);
    sent.clear();
    waiting.forEach(ByteBuf::release);
    waiting.clear();
    confirmed = end;
    firstKept = end;
    sentEnd = end;
  }
}
