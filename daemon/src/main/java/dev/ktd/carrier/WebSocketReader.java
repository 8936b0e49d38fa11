package dev.ktd.carrier;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Takes a server's WebSocket frames apart as their bytes come (RFC 6455 section 5.2). Payloads of
 * any length and number of fragments are passed on in the pieces in which they arrive; only control
 * frames, at most 125 bytes, are collected.
 */
final class WebSocketReader {
  static final int BINARY = 2;
  static final int CLOSE = 8;
  static final int PING = 9;
  static final int PONG = 10;
  static final int CONTROL_LIMIT = 125;

  /** What stands in the place of a length that follows in 16 or 64 bits. */
  static final int LENGTH_16 = 126;

  static final int LENGTH_64 = 127;

  private static final int CONTINUATION = 0;
  private static final int FIN = 0x80;
  private static final int RESERVED = 0x70;
  private static final int MASKED = 0x80;

  private final ByteBuf control = Unpooled.buffer(CONTROL_LIMIT);

  /** Bytes of the head that are still to come: of its first two, then of a longer length. */
  private int missing = 2;

  private int head;
  private boolean longer;
  private long left;

  /** Between the first and the last frame of a message. */
  private boolean inMessage;

  /** The next bytes of payload are a message's first. */
  private boolean first;

  private boolean broken;

  /** Reads all of {@code in}; does not release it. */
  void read(ByteBuf in, Messages.Sink sink) {
    while (!broken && in.isReadable()) {
      if (missing > 0) {
        headByte(in.readUnsignedByte(), sink);
      } else {
        payload(in, sink);
      }
    }
  }

  private void headByte(int value, Messages.Sink sink) {
    missing--;
    if (longer) {
      left = left << 8 | value;
    } else {
      head = head << 8 | value;
    }
    if (missing > 0) {
      return;
    }
    if (longer) {
      begin(sink);
      return;
    }
    String wrong = wrong();
    if (wrong != null) {
      fail(wrong, sink);
      return;
    }
    int length = head & 0x7f;
    if (length <= CONTROL_LIMIT) {
      left = length;
      begin(sink);
    } else {
      longer = true;
      left = 0;
      missing = length == LENGTH_16 ? Short.BYTES : Long.BYTES;
    }
  }

  private int opcode() {
    return head >>> 8 & 0x0f;
  }

  private boolean isLast() {
    return (head >>> 8 & FIN) != 0;
  }

  private boolean isControl() {
    return opcode() >= CLOSE;
  }

  /** What is wrong with the first two bytes of a frame, or null. */
  private @Nullable String wrong() {
    if ((head >>> 8 & RESERVED) != 0) {
      return "a WebSocket frame with reserved bits";
    }
    if ((head & MASKED) != 0) {
      return "a masked WebSocket frame from a server";
    }
    return switch (opcode()) {
      case CONTINUATION -> inMessage ? null : "a WebSocket fragment of no message";
      case BINARY -> inMessage ? "a WebSocket message within another" : null;
      case CLOSE, PING, PONG ->
          isLast() && (head & 0x7f) <= CONTROL_LIMIT
              ? null
              : "a WebSocket control frame that is long or in fragments";
      default -> "a WebSocket frame with opcode " + opcode();
    };
  }

  private void begin(Messages.Sink sink) {
    if (left < 0) {
      fail("a WebSocket frame of 2^63 bytes or more", sink);
      return;
    }
    if (!isControl() && opcode() != CONTINUATION) {
      first = true;
      inMessage = true;
    }
    if (left == 0) {
      end(sink);
    }
  }

  private void payload(ByteBuf in, Messages.Sink sink) {
    int n = (int) Math.min(left, in.readableBytes());
    left -= n;
    ByteBuf piece = in.readSlice(n);
    if (isControl()) {
      control.writeBytes(piece);
    } else {
      boolean begins = first;
      first = false;
      sink.piece(piece, begins);
    }
    if (left == 0) {
      end(sink);
    }
  }

  private void end(Messages.Sink sink) {
    int opcode = opcode();
    if (!isControl() && isLast()) {
      inMessage = false;
    }
    head = 0;
    longer = false;
    missing = 2;
    switch (opcode) {
      case PING -> pong(sink);
      case CLOSE -> closed(sink);
      default -> {
        // Data was passed on; a pong answers nothing of ours.
      }
    }
    control.clear();
  }

  private void pong(Messages.Sink sink) {
    ByteBuf pong = Unpooled.buffer(Messages.HEAD + CONTROL_LIMIT);
    WebSocketMessages.frame(pong, PONG, control.readableBytes());
    sink.answer(pong.writeBytes(control));
  }

  /** Code and reason (5.5.1); 1000 is the usual end, and says nothing. */
  private void closed(Messages.Sink sink) {
    broken = true;
    if (control.readableBytes() < Short.BYTES) {
      sink.ended("");
      return;
    }
    int code = control.readUnsignedShort();
    String reason = control.toString(StandardCharsets.UTF_8);
    sink.ended(code == 1000 ? reason : ("WebSocket close " + code + " " + reason).strip());
  }

  private void fail(String what, Messages.Sink sink) {
    broken = true;
    sink.malformed(what);
  }
}
