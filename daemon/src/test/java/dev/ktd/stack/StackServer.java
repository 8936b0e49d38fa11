package dev.ktd.stack;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Our stack as the server. Time stands still. */
final class StackServer implements DifferentialServer, QuietOwner {
  private static final long NOW = 1_000_000_000_000L;

  private final List<ByteBuffer> sent = new ArrayList<>();
  private final List<String> told = new ArrayList<>();
  private final UserspaceStack stack =
      new UserspaceStack(StackConfig.defaults(1500, 1), this, this::sent);
  private @Nullable TcpFlow flow;
  private boolean reading = true;
  private long read;
  private long written;

  private boolean sent(ByteBuffer headers, ByteBuffer payload, ByteBuffer more) {
    int length = headers.remaining() + payload.remaining() + more.remaining();
    sent.add(ByteBuffer.allocate(length).put(headers).put(payload).put(more).flip());
    return true;
  }

  private List<ByteBuffer> answers() {
    stack.poll(NOW);
    List<ByteBuffer> answers = List.copyOf(sent);
    sent.clear();
    return answers;
  }

  private TcpFlow flow() {
    if (flow == null) {
      throw new AssertionError("there is no connection yet");
    }
    return flow;
  }

  @Override
  public List<ByteBuffer> segment(ByteBuffer frame) {
    stack.receive(frame, NOW);
    return answers();
  }

  @Override
  public List<ByteBuffer> write(int bytes) {
    flow().write(pattern(written + 1, bytes));
    written += bytes;
    return answers();
  }

  static ByteBuffer pattern(long from, int bytes) {
    ByteBuffer data = ByteBuffer.allocate(bytes);
    for (int i = 0; i < bytes; i++) {
      data.put(i, RecordedEvents.pattern(from + i));
    }
    return data;
  }

  @Override
  public List<ByteBuffer> shutdown() {
    flow().shutdownOutput();
    return answers();
  }

  @Override
  public List<ByteBuffer> abort() {
    flow().abort();
    return answers();
  }

  @Override
  public List<ByteBuffer> reading(boolean now) {
    reading = now;
    if (now) {
      flow().resume();
    }
    return answers();
  }

  @Override
  public List<String> told() {
    List<String> events = List.copyOf(told);
    told.clear();
    return events;
  }

  @Override
  public void forget() {
    if (flow != null) {
      flow.abort();
    }
    flow = null;
    reading = true;
    read = 0;
    written = 0;
    answers();
    told();
  }

  @Override
  public void requested(TcpFlow newFlow) {
    flow = newFlow;
    read = 0;
    written = 0;
    newFlow.accept(this);
  }

  @Override
  public int received(ByteBuffer data) {
    if (!reading) {
      return 0;
    }
    int length = data.remaining();
    told.add(check(data, read));
    read += length;
    return length;
  }

  /** The event of reading these bytes, which must be those of the pattern. */
  static String check(ByteBuffer data, long before) {
    int length = data.remaining();
    for (int i = 0; i < length; i++) {
      if (data.get() != RecordedEvents.pattern(before + 1 + i)) {
        return "read " + length + ", wrong from byte " + (before + i);
      }
    }
    return "read " + length;
  }

  @Override
  public void receivedEnd() {
    told.add("end");
  }

  @Override
  public void aborted() {
    told.add("reset");
  }
}
