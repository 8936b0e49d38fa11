package dev.ktd.ssh;

import dev.ktd.relay.DialFailure;
import dev.ktd.relay.Dialer;
import dev.ktd.relay.Downstream;
import dev.ktd.relay.Upstream;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The local side of a flow: sends so many bytes of a known sequence, checks that what comes is the
 * same sequence, and takes it at once unless told to stall.
 */
final class TestFlow implements Downstream {
  final CompletableFuture<String> opened = new CompletableFuture<>();
  final CompletableFuture<Boolean> closed = new CompletableFuture<>();
  final CompletableFuture<Long> ended = new CompletableFuture<>();
  private final EventLoop loop;
  private final long toSend;
  private final boolean endsOutput;
  private @Nullable Upstream upstream;
  private boolean answered;
  private boolean outputEnded;
  private long sent;
  private boolean stalled;
  private long owed;
  volatile long received;
  volatile @Nullable String wrong;

  TestFlow(EventLoop loop, long toSend, boolean endsOutput) {
    this.loop = loop;
    this.toSend = toSend;
    this.endsOutput = endsOutput;
  }

  /** The byte at a position of the sequence; no period that a buffer size could hide. */
  static byte at(long position) {
    return (byte) (position * 31 + (position >>> 8) * 17 + (position >>> 19));
  }

  TestFlow dial(Dialer dialer, InetSocketAddress to) {
    loop.execute(
        () -> {
          upstream = dialer.dial(to, this);
          pump();
        });
    return this;
  }

  void stall() {
    loop.execute(() -> stalled = true);
  }

  void goOn() {
    loop.execute(
        () -> {
          stalled = false;
          consume((int) owed);
          owed = 0;
        });
  }

  void abort() {
    loop.execute(
        () -> {
          if (upstream != null) {
            upstream.abort();
          }
        });
  }

  @Override
  public void opened() {
    answered = true;
    opened.complete("opened");
    pump();
  }

  @Override
  public void failed(DialFailure why) {
    opened.complete(why.name());
  }

  @Override
  public void data(ByteBuffer data) {
    int n = data.remaining();
    long position = received;
    while (data.hasRemaining()) {
      if (data.get() != at(position)) {
        wrong = "byte " + position;
      }
      position++;
    }
    received = position;
    if (stalled) {
      owed += n;
    } else {
      consume(n);
    }
  }

  private void consume(int n) {
    if (upstream != null) {
      upstream.consumed(n);
    }
  }

  @Override
  public void writable() {
    pump();
  }

  private void pump() {
    if (upstream == null || !answered || outputEnded) {
      return;
    }
    while (sent < toSend) {
      ByteBuffer piece = ByteBuffer.allocate((int) Math.min(50_000, toSend - sent));
      for (int i = 0; i < piece.capacity(); i++) {
        piece.put(i, at(sent + i));
      }
      int taken = upstream.write(piece);
      sent += taken;
      if (taken < piece.capacity()) {
        return;
      }
    }
    if (endsOutput) {
      outputEnded = true;
      upstream.shutdownOutput();
    }
  }

  @Override
  public void end() {
    ended.complete(received);
  }

  @Override
  public void closed(boolean clean) {
    closed.complete(clean);
  }
}
