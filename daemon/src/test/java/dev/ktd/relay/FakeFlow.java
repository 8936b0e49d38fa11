package dev.ktd.relay;

import dev.ktd.stack.FlowKey;
import dev.ktd.stack.Refusal;
import dev.ktd.stack.TcpFlow;
import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The stack's end of a TCP flow, in memory: the test plays the local program. {@link #events} is
 * what the program would see.
 */
final class FakeFlow implements TcpFlow {
  private final FlowKey key;
  final List<String> events = new ArrayList<>();
  final ByteArrayOutputStream received = new ByteArrayOutputStream();
  private final ArrayDeque<ByteBuffer> untaken = new ArrayDeque<>();
  @Nullable Listener listener;
  int room = Integer.MAX_VALUE;
  private boolean ending;

  FakeFlow(String destination, int port) {
    this.key =
        new FlowKey(
            new InetSocketAddress("198.18.0.1", 40_000), new InetSocketAddress(destination, port));
  }

  Listener listener() {
    if (listener == null) {
      throw new IllegalStateException("not accepted");
    }
    return listener;
  }

  /** The program sends: what is not taken is offered again on resume. */
  void send(byte[] bytes) {
    untaken.add(ByteBuffer.wrap(bytes));
    resume();
  }

  /** The program closes its end. */
  void end() {
    ending = true;
    resume();
  }

  @Override
  public FlowKey key() {
    return key;
  }

  @Override
  public void accept(Listener accepted) {
    listener = accepted;
    events.add("accepted");
  }

  @Override
  public void refuse(Refusal why) {
    events.add("refused " + why);
  }

  @Override
  public void resume() {
    while (!untaken.isEmpty()) {
      ByteBuffer eldest = untaken.peekFirst();
      int taken = listener().received(eldest.duplicate());
      eldest.position(eldest.position() + taken);
      if (eldest.hasRemaining()) {
        return;
      }
      untaken.removeFirst();
    }
    if (ending) {
      ending = false;
      listener().receivedEnd();
    }
  }

  boolean waits() {
    return !untaken.isEmpty();
  }

  @Override
  public int writable() {
    return room;
  }

  @Override
  public void write(ByteBuffer data) {
    if (data.remaining() > room) {
      throw new IllegalStateException("more than is writable");
    }
    room -= data.remaining();
    byte[] bytes = new byte[data.remaining()];
    data.get(bytes);
    received.writeBytes(bytes);
  }

  @Override
  public void shutdownOutput() {
    events.add("end");
  }

  @Override
  public void abort() {
    events.add("reset");
  }
}
