package dev.ktd.stack;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** An owner of the stack that notes what it is told and takes as many bytes as it is allowed. */
final class RecordedEvents implements FlowHandler, TcpFlow.Listener {
  private final Deque<String> events = new ArrayDeque<>();
  private long appetite = Long.MAX_VALUE;
  private long received;
  private @Nullable TcpFlow flow;

  /** The flow that was requested last. */
  TcpFlow flow() {
    if (flow == null) {
      throw new AssertionError("no flow was requested");
    }
    return flow;
  }

  /** How many more bytes are taken. */
  void appetite(long bytes) {
    appetite = bytes;
  }

  /** All bytes of the stream so far. */
  long taken() {
    return received;
  }

  Deque<String> events() {
    return events;
  }

  @Override
  public void requested(TcpFlow newFlow) {
    flow = newFlow;
    events.add("requested");
  }

  @Override
  public void cancelled(TcpFlow gone) {
    events.add("cancelled");
  }

  @Override
  public void datagram(UdpFlow from, ByteBuffer payload) {
    events.add("datagram " + payload.remaining());
  }

  @Override
  public void expired(UdpFlow gone) {
    events.add("expired");
  }

  @Override
  public void echo(Echo echo, ByteBuffer payload) {
    events.add("echo " + payload.remaining());
    echo.reply(payload);
  }

  @Override
  public int received(ByteBuffer data) {
    int taken = (int) Math.min(data.remaining(), appetite);
    for (int i = 0; i < taken; i++) {
      byte expected = pattern(received + i + 1);
      if (data.get(data.position() + i) != expected) {
        throw new AssertionError("byte %d of the stream is wrong".formatted(received + i));
      }
    }
    received += taken;
    appetite -= appetite == Long.MAX_VALUE ? 0 : taken;
    if (taken > 0) {
      add("received", taken);
    }
    return taken;
  }

  @Override
  public void receivedEnd() {
    events.add("end");
  }

  @Override
  public void acknowledged(int bytes) {
    add("acked", bytes);
  }

  @Override
  public void aborted() {
    events.add("aborted");
  }

  @Override
  public void closed() {
    events.add("closed");
  }

  /** Adds an event, joined with the last one when that is of the same kind. */
  private void add(String kind, int bytes) {
    String last = events.peekLast();
    long before = 0;
    if (last != null && last.startsWith(kind)) {
      before = Long.parseLong(last.substring(kind.length() + 1));
      events.removeLast();
    }
    events.add(kind + " " + (before + bytes));
  }

  /** The byte with the relative sequence number {@code sequence}, in both directions. */
  static byte pattern(long sequence) {
    return (byte) (sequence * 31 + (sequence >>> 8) * 7 + (sequence >>> 16) * 13);
  }
}
