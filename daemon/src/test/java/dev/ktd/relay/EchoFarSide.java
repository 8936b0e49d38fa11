package dev.ktd.relay;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;

/**
 * A far side that sends back what it gets, within its window, as an SSH channel would. Port 81
 * refuses, 82 is unreachable, 83 prohibited, 84 never answers, 85 resets after the first bytes, 86
 * takes and counts, 87 sends {@link #SOURCE_BYTES} and ends. Answers come in a later task of the
 * loop, as they would from a socket. Datagrams to port 88 are answered when one to port 89 comes.
 */
final class EchoFarSide implements Dialer, Datagrams {
  static final long SOURCE_BYTES = 64L << 20;

  private static final int QUEUE = 256 * 1024;

  private final Executor loop;
  private Runnable held = () -> {};

  EchoFarSide(Executor loop) {
    this.loop = loop;
  }

  @Override
  public Upstream dial(InetSocketAddress destination, Downstream downstream) {
    var stream = new Stream(destination.getPort(), downstream);
    loop.execute(
        () -> {
          switch (destination.getPort()) {
            case 81 -> downstream.failed(DialFailure.REFUSED);
            case 82 -> downstream.failed(DialFailure.UNREACHABLE);
            case 83 -> downstream.failed(DialFailure.PROHIBITED);
            case 84 -> {}
            default -> stream.open();
          }
        });
    return stream;
  }

  private final class Stream implements Upstream {
    private final int port;
    private final Downstream downstream;
    private final ArrayDeque<ByteBuffer> queue = new ArrayDeque<>();
    private long queued;
    private int window = LoadFarSide.WINDOW;
    private long left;
    private boolean refusedSome;
    private boolean inputEnded;
    private boolean ended;
    private boolean aborted;
    private boolean pumping;

    Stream(int port, Downstream downstream) {
      this.port = port;
      this.downstream = downstream;
    }

    void open() {
      if (!aborted) {
        left = port == 87 ? SOURCE_BYTES : 0;
        downstream.opened();
        later();
      }
    }

    @Override
    public int write(ByteBuffer data) {
      if (port == 85) {
        loop.execute(() -> downstream.closed(false));
        return data.remaining();
      }
      if (port == 86) {
        return data.remaining();
      }
      int taken = (int) Math.min(data.remaining(), QUEUE - queued);
      if (taken < data.remaining()) {
        refusedSome = true;
      }
      if (taken > 0) {
        queue.add(ByteBuffer.allocate(taken).put(data.slice(data.position(), taken)).flip());
        queued += taken;
        later();
      }
      return taken;
    }

    private void later() {
      if (!pumping) {
        pumping = true;
        loop.execute(this::pump);
      }
    }

    private void pump() {
      pumping = false;
      int burst = 4;
      while (!aborted && window > 0 && burst-- > 0 && (left > 0 || !queue.isEmpty())) {
        ByteBuffer piece = left > 0 ? source() : queue.removeFirst();
        int size = Math.min(window, piece.remaining());
        window -= size;
        downstream.data(piece.slice(piece.position(), size));
        piece.position(piece.position() + size);
        if (left > 0) {
          left -= size;
        } else {
          queued -= size;
          if (piece.hasRemaining()) {
            queue.addFirst(piece);
          }
        }
      }
      if (refusedSome && queued < QUEUE / 2) {
        refusedSome = false;
        downstream.writable();
      }
      if (left == 0 && queue.isEmpty() && (inputEnded || port == 87) && !ended) {
        ended = true;
        downstream.end();
        if (inputEnded) {
          downstream.closed(true);
        }
      } else if (window > 0 && (left > 0 || !queue.isEmpty())) {
        later();
      }
    }

    private ByteBuffer source() {
      return ByteBuffer.allocate((int) Math.min(left, 32 * 1024));
    }

    @Override
    public void shutdownOutput() {
      inputEnded = true;
      later();
    }

    @Override
    public void consumed(int bytes) {
      window += bytes;
      later();
    }

    @Override
    public void abort() {
      aborted = true;
    }
  }

  @Override
  public Association open(InetSocketAddress destination, Replies replies) {
    return new Association() {
      @Override
      public boolean send(ByteBuffer payload) {
        ByteBuffer copy = ByteBuffer.allocate(payload.remaining()).put(payload.duplicate()).flip();
        loop.execute(
            () -> {
              switch (destination.getPort()) {
                case 81 -> replies.refused(DialFailure.REFUSED);
                case 88 -> held = () -> replies.datagram(copy);
                case 89 -> held.run();
                default -> replies.datagram(copy);
              }
            });
        return true;
      }

      @Override
      public void close() {}
    };
  }

  /** Addresses that end in .9 answer. */
  @Override
  public boolean echo(InetAddress destination, ByteBuffer payload, EchoAnswer answer) {
    byte[] address = destination.getAddress();
    if (address[address.length - 1] == 9) {
      ByteBuffer copy = ByteBuffer.allocate(payload.remaining()).put(payload.duplicate()).flip();
      loop.execute(() -> answer.answered(copy));
    }
    return true;
  }
}
