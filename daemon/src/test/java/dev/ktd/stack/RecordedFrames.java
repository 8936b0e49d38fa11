package dev.ktd.stack;

import dev.ktd.packet.Packet;
import dev.ktd.packet.PacketPrinter;
import dev.ktd.packet.ParseResult;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.LongSupplier;

/** A sink that keeps copies of all frames, with the time each was sent. */
final class RecordedFrames implements FrameSink {
  private final Deque<Frame> frames = new ArrayDeque<>();
  private final boolean vnetHeader;
  private final LongSupplier clock;
  private boolean full;

  RecordedFrames(boolean vnetHeader, LongSupplier clock) {
    this.vnetHeader = vnetHeader;
    this.clock = clock;
  }

  /** A frame and when it was sent, in nanoseconds. */
  record Frame(ByteBuffer bytes, long at, boolean vnetHeader) {
    Packet packet() {
      Packet packet = new Packet();
      ParseResult result = packet.parse(bytes, vnetHeader);
      if (result != ParseResult.OK && result != ParseResult.FRAGMENT) {
        throw new AssertionError("the stack sent something " + result);
      }
      return packet;
    }

    byte[] payload() {
      Packet packet = packet();
      byte[] payload = new byte[packet.payloadLength()];
      bytes.get(packet.payloadOffset(), payload);
      return payload;
    }

    @Override
    public String toString() {
      return new PacketPrinter(vnetHeader).print(bytes);
    }
  }

  /** From now on the device takes nothing, or everything again. */
  void full(boolean isFull) {
    full = isFull;
  }

  @Override
  public boolean send(ByteBuffer headers, ByteBuffer payload, ByteBuffer more) {
    if (!headers.isDirect() || !payload.isDirect() || !more.isDirect()) {
      throw new AssertionError("frames are made of direct buffers");
    }
    if (full) {
      return false;
    }
    ByteBuffer frame =
        ByteBuffer.allocate(headers.remaining() + payload.remaining() + more.remaining());
    frame.put(headers).put(payload).put(more).flip();
    frames.add(new Frame(frame, clock.getAsLong(), vnetHeader));
    return true;
  }

  boolean isEmpty() {
    return frames.isEmpty();
  }

  /** The oldest frame, which is forgotten. */
  Frame next() {
    return frames.remove();
  }

  @Override
  public String toString() {
    StringBuilder all = new StringBuilder();
    frames.forEach(frame -> all.append("\n    ").append(frame));
    return all.toString();
  }
}
