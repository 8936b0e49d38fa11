package dev.ktd.dns;

import dev.ktd.relay.Downstream;
import dev.ktd.relay.Upstream;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * A local program's TCP connection to our resolver (RFC 7766): questions are taken as they come and
 * answered in whatever order the answers arrive. On the relay's event loop.
 */
final class ServedConnection implements Upstream {
  /** Questions under way and answers unsent; further bytes stay with the stack until some left. */
  static final int MAX_PENDING = 64;

  /** Nothing asked and nothing owed for so long, and the connection is ended by us. */
  static final long IDLE_SECONDS = 30;

  /** Answers, in bytes, that may wait for a program to read them. */
  static final int WINDOW = 2 * 1024 * 1024;

  /** Answers a message; the connection is told once, possibly during the call. */
  interface Service {
    void serve(byte[] message, Answer answer);
  }

  /** Where the answer to one message goes. */
  interface Answer {
    /** The whole answer, at most 65,535 bytes. */
    void send(byte[] answer);

    /** There will be none: what came was no query. */
    void drop();
  }

  private final Downstream downstream;
  private final Service service;
  private final FrameReader frames = new FrameReader();
  private final Deque<ByteBuffer> unsent = new ArrayDeque<>();
  private final Future<?> idle;
  private int underWay;
  private int window = WINDOW;
  private boolean held;
  private boolean inputEnded;
  private boolean gone;
  private boolean flushing;
  private boolean active = true;

  ServedConnection(Downstream downstream, Service service, ScheduledExecutorService loop) {
    this.downstream = downstream;
    this.service = service;
    this.idle =
        loop.scheduleWithFixedDelay(this::endIfIdle, IDLE_SECONDS, IDLE_SECONDS, TimeUnit.SECONDS);
  }

  @Override
  public int write(ByteBuffer data) {
    active = true;
    held = false; // or an answer given at once would call for these bytes again
    int before = data.position();
    while (!gone && data.hasRemaining() && !isFull()) {
      byte[] message = frames.next(data);
      if (message != null) {
        underWay++;
        service.serve(message, new Once());
      }
    }
    int taken = data.position() - before;
    held = data.hasRemaining() && !gone;
    data.position(before);
    return taken;
  }

  @Override
  public void shutdownOutput() {
    inputEnded = true;
    endIfDone();
  }

  @Override
  public void consumed(int bytes) {
    window += bytes;
    flush();
  }

  @Override
  public void abort() {
    gone = true;
    unsent.clear();
    idle.cancel(false);
  }

  private boolean isFull() {
    return underWay + unsent.size() >= MAX_PENDING;
  }

  private void flush() {
    if (flushing) {
      return; // called back during data(); the outer call goes on
    }
    flushing = true;
    while (!gone && window > 0 && !unsent.isEmpty()) {
      ByteBuffer first = unsent.getFirst();
      ByteBuffer part = first.slice(first.position(), Math.min(window, first.remaining()));
      window -= part.remaining();
      first.position(first.position() + part.remaining());
      if (!first.hasRemaining()) {
        unsent.removeFirst();
      }
      downstream.data(part);
    }
    flushing = false;
    if (!gone && held && !isFull()) {
      held = false;
      downstream.writable();
    }
    endIfDone();
  }

  private void endIfDone() {
    if (inputEnded && !held && !gone && underWay == 0 && unsent.isEmpty()) {
      finish();
    }
  }

  private void endIfIdle() {
    if (!active && underWay == 0) {
      finish();
    }
    active = false;
  }

  private void finish() {
    if (gone) {
      return;
    }
    abort();
    downstream.end();
    downstream.closed(true);
  }

  private final class Once implements Answer {
    private boolean given;

    @Override
    public void send(byte[] answer) {
      if (take()) {
        unsent.add(FrameReader.frame(answer));
        flush();
      }
    }

    @Override
    public void drop() {
      if (take()) {
        abort(); // who sends such a thing is not at the start of a message, or no resolver
        downstream.closed(false);
      }
    }

    private boolean take() {
      if (given || gone) {
        return false;
      }
      given = true;
      underWay--;
      active = true;
      return true;
    }
  }
}
