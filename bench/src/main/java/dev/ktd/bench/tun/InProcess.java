package dev.ktd.bench.tun;

import dev.ktd.bench.SinkDialer;
import dev.ktd.relay.Dialer;
import dev.ktd.relay.Downstream;
import dev.ktd.relay.Upstream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;

/**
 * Far sides in this process, on the loop: they cost next to nothing, so that what is measured is
 * device, stack and relay. The port says which one.
 */
final class InProcess implements Dialer {
  /** Sends back what it gets. */
  static final int ECHO = 7;

  /** Takes and forgets. */
  static final int SINK = 80;

  /** Sends as long as its window allows. */
  static final int SOURCE = 87;

  /** As much as an SSH packet carries. */
  private static final int PIECE = 32 * 1024;

  /** Pieces at once: what a read from a busy socket gives. */
  private static final int BURST = 8;

  private final Executor loop;
  private final ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);

  InProcess(Executor loop) {
    this.loop = loop;
  }

  @Override
  public Upstream dial(InetSocketAddress destination, Downstream downstream) {
    downstream.opened();
    return switch (destination.getPort()) {
      case ECHO -> new Echo(downstream);
      case SOURCE -> new Source(downstream);
      default -> new SinkDialer.Sink(downstream);
    };
  }

  private record Echo(Downstream downstream) implements Upstream {
    @Override
    public int write(ByteBuffer data) {
      int length = data.remaining();
      downstream.data(data);
      return length;
    }

    @Override
    public void shutdownOutput() {
      downstream.end();
      downstream.closed(true);
    }

    @Override
    public void consumed(int bytes) {}

    @Override
    public void abort() {}
  }

  /** Gives what its window allows in a task of its own, as bytes from a socket would come. */
  private final class Source implements Upstream {
    private final Downstream downstream;
    private final Runnable pump = this::pump;
    private int window = 2 * 1024 * 1024;
    private boolean pumping;
    private boolean ended;

    Source(Downstream downstream) {
      this.downstream = downstream;
      later();
    }

    private void later() {
      if (!pumping && !ended) {
        pumping = true;
        loop.execute(pump);
      }
    }

    private void pump() {
      pumping = false;
      for (int i = 0; i < BURST && !ended && window >= PIECE; i++) {
        window -= PIECE;
        downstream.data(piece.clear());
      }
      if (window >= PIECE) {
        later();
      }
    }

    @Override
    public int write(ByteBuffer data) {
      return data.remaining();
    }

    @Override
    public void shutdownOutput() {}

    @Override
    public void consumed(int bytes) {
      window += bytes;
      if (window >= PIECE) {
        later();
      }
    }

    @Override
    public void abort() {
      ended = true;
    }
  }
}
