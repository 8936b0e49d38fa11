package dev.ktd.carrier;

import dev.ktd.error.KtdException;
import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Who uses a resumable carrier: remembers what it is told. */
final class TwinUser implements Carrier.Listener, ResumableCarrier.Events {
  final ByteArrayOutputStream received = new ByteArrayOutputStream();
  final List<String> events = new ArrayList<>();
  final List<Boolean> doubts = new ArrayList<>();
  final List<AgentInfo> agents = new ArrayList<>();
  @Nullable Throwable why;
  int ends;
  boolean writable = true;
  Runnable onWritable = () -> {};

  /** The events so far, and forgets them. */
  List<String> takeEvents() {
    List<String> taken = List.copyOf(events);
    events.clear();
    return taken;
  }

  /** Why it ended, or that it has not. */
  String reason() {
    Throwable reason = why;
    return reason == null ? "it goes on" : String.valueOf(reason.getMessage());
  }

  KtdException failure() {
    if (why instanceof KtdException failure) {
      return failure;
    }
    throw new AssertionError("not ended by a KtdException: " + why);
  }

  @Override
  public void ready(Carrier carrier) {
    events.add("ready");
  }

  @Override
  public void data(ByteBuf data) {
    if (why != null) {
      throw new AssertionError("data after the end");
    }
    byte[] bytes = new byte[data.readableBytes()];
    data.readBytes(bytes);
    data.release();
    received.writeBytes(bytes);
  }

  @Override
  public void readComplete() {}

  @Override
  public void writabilityChanged(boolean nowWritable) {
    writable = nowWritable;
    if (nowWritable) {
      onWritable.run();
    }
  }

  @Override
  public void closed(Throwable reason) {
    ends++;
    why = reason;
    events.add("closed");
  }

  @Override
  public void introduced(AgentInfo agent) {
    agents.add(agent);
    events.add("introduced");
  }

  @Override
  public void doubted(boolean silent) {
    doubts.add(silent);
  }

  @Override
  public void suspended(KtdException reason) {
    events.add("suspended");
  }

  @Override
  public void resumed(Duration pause) {
    events.add("resumed");
  }
}
